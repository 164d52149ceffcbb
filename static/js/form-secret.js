/** The secret of this page's forms. It ends with the sign-in; a fresh one is had without leaving the page. */
export class FormSecret {
  #userId;
  #address;
  #fetch;

  /** @param {string} userId whose page this is  @param {string} address of this page, as the server gives it anew */
  constructor(userId, address, fetchFrom = (...request) => fetch(...request)) {
    this.#userId = userId;
    this.#address = address;
    this.#fetch = fetchFrom;
  }

  get value() {
    return document.querySelector("[name=csrf_token]").value;
  }

  /** @returns {Promise<"renewed"|"signedOut"|"other"|"unreachable">} other: somebody else is signed in here now */
  async renew() {
    const response = await this.#fetch(this.#address, { cache: "no-store" }).catch(() => null);
    const text = response?.ok ? await response.text().catch(() => null) : null;
    if (text === null) return "unreachable";
    const page = new DOMParser().parseFromString(text, "text/html");
    const userId = page.querySelector("[data-user-id]")?.dataset.userId;
    if (userId === undefined) return "signedOut";
    if (userId !== this.#userId) return "other";
    const { value } = page.querySelector("[name=csrf_token]");
    document.querySelectorAll("[name=csrf_token]").forEach((field) => (field.value = value));
    return "renewed";
  }
}
