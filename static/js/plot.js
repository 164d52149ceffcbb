import { html, svg } from "./svg.js";

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [340, 150, 44, 8, 18];
const GAP = 1;
const MARK = 2.5;
let plots = 0;

/**
 * A plot over time as plain SVG, with its meaning in words for screen readers and its numbers in a table behind a summary.
 * It is made once and shows other numbers as they come, so an open table stays open.
 */
export class Plot {
  #element;
  #kind;
  #series;
  #say;
  #ticks;
  #drawing;
  #description;
  #rows;

  /**
   * @param {string} title
   * @param {{kind: "bars"|"lines", series: {name: string, key: string}[], say: (value: number) => string,
   *   ticks: (most: number) => number[]}} how bars are stacked; lines have a logarithmic scale; `key` is its look in the style sheet
   */
  constructor(title, { kind, series, say, ticks }) {
    this.#kind = kind;
    this.#series = series;
    this.#say = say;
    this.#ticks = ticks;
    plots += 1;
    const [titleId, descriptionId] = [`plot-${plots}-title`, `plot-${plots}-words`];
    this.#description = svg("desc", { id: descriptionId });
    this.#drawing = svg("g");
    const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "plot" }, [
      svg("title", { id: titleId }, title),
      this.#description,
      this.#drawing,
    ]);
    drawn.setAttribute("aria-labelledby", `${titleId} ${descriptionId}`);
    this.#rows = html("tbody");
    this.#element = html("figure", [html("figcaption", title), drawn, this.#keys(), this.#table()], "card plot-card");
  }

  get element() {
    return this.#element;
  }

  /**
   * @param {string[]} labels one for each step of time
   * @param {(number|null)[][]} values for each series one for each step; null where there is none
   * @param {string} words what it shows, in a sentence
   */
  show(labels, values, words) {
    this.#description.textContent = words;
    const columns = labels.map((_, step) => values.map((of) => of[step]));
    const heights = columns.map((column) => (this.#kind === "bars" ? sum(column) : Math.max(...column, 0)));
    const ticks = this.#ticks(Math.max(...heights, 0));
    const place = this.#kind === "bars" ? linear(ticks) : logarithmic(ticks);
    const marks = this.#kind === "bars" ? this.#bars(columns, place) : this.#lines(columns, place);
    this.#drawing.replaceChildren(...this.#axes(labels, ticks, place), ...marks);
    this.#rows.replaceChildren(...labels.map((label, step) => this.#row(label, columns[step])));
  }

  #axes(labels, ticks, place) {
    const across = ticks.flatMap((tick) => [
      svg("line", { class: "plot-grid", x1: LEFT, x2: WIDTH, y1: place(tick), y2: place(tick) }),
      svg("text", { class: "plot-tick", x: LEFT - 5, y: place(tick) + 3.5, "text-anchor": "end" }, this.#say(tick)),
    ]);
    const y = HEIGHT - 4;
    const first = svg("text", { class: "plot-tick", x: LEFT, y }, labels[0] ?? "");
    const last = svg("text", { class: "plot-tick", x: WIDTH, y, "text-anchor": "end" }, labels.at(-1) ?? "");
    return [...across, first, last];
  }

  #bars(columns, place) {
    const width = (WIDTH - LEFT) / columns.length;
    return columns.flatMap((column, step) => {
      let below = 0;
      return column.map((value, series) => {
        const [bottom, top] = [place(below), place(below + (value ?? 0))];
        below += value ?? 0;
        const box = { x: LEFT + step * width, y: top, width: Math.max(width - GAP, GAP), height: bottom - top };
        return svg("rect", { ...box, "data-series": this.#series[series].key });
      });
    });
  }

  #lines(columns, place) {
    const width = (WIDTH - LEFT) / columns.length;
    return this.#series.flatMap(({ key }, series) => {
      const points = columns
        .map((column, step) => ({ value: column[series], x: LEFT + (step + 0.5) * width }))
        .filter(({ value }) => value !== null);
      const path = points.map(({ value, x }) => `${x.toFixed(1)},${place(value).toFixed(1)}`).join(" ");
      const dots = points.map(({ value, x }) =>
        svg("circle", { cx: x, cy: place(value), r: MARK, "data-series": key }),
      );
      return [svg("polyline", { points: path, fill: "none", "data-series": key }), ...dots];
    });
  }

  #keys() {
    const keys = this.#series.map(({ name, key }) => {
      const sample = svg("svg", { viewBox: "0 0 18 10", class: "key-line", "aria-hidden": "true" });
      if (this.#kind === "bars") sample.append(svg("rect", { width: 18, height: 10, "data-series": key }));
      else sample.append(svg("line", { x2: 18, y1: 5, y2: 5, "data-series": key }));
      return html("li", [sample, name]);
    });
    return html("ul", keys, "keys");
  }

  #table() {
    const heads = ["Time", ...this.#series.map(({ name }) => name)].map((name) => {
      const head = html("th", name);
      head.scope = "col";
      return head;
    });
    const table = html("table", [html("thead", [html("tr", heads)]), this.#rows]);
    return html("details", [html("summary", "The same as a table"), html("div", [table], "wide")]);
  }

  #row(label, column) {
    const head = html("th", label);
    head.scope = "row";
    const cells = column.map((value) => html("td", value === null ? "none" : this.#say(value)));
    return html("tr", [head, ...cells]);
  }
}

const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);

function linear(ticks) {
  const most = ticks.at(-1) || 1;
  return (value) => HEIGHT - BOTTOM - (Math.min(value, most) / most) * (HEIGHT - BOTTOM - TOP);
}

function logarithmic(ticks) {
  const [least, most] = [Math.log(ticks[0]), Math.log(ticks.at(-1))];
  const share = (value) => (Math.log(Math.max(value, ticks[0])) - least) / (most - least);
  return (value) => HEIGHT - BOTTOM - Math.min(share(value), 1) * (HEIGHT - BOTTOM - TOP);
}
