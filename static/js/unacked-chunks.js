/** Small chunks are put together up to this before they go to the disk; a second of 16 kHz sound is half of it. */
const PIECE_BYTES = 65536;

/**
 * Audio the server has not confirmed, in the order it was spoken. A byte leaves only when its ack came.
 *
 * A chunk that is also on the disk may be unloaded (its pcm is null then), so that memory stays flat in a long outage.
 */
export class UnackedChunks {
  #chunks = [];
  #end;
  #acknowledged;

  /**
   * @param {number} acknowledged bytes the server has
   * @param {{offset: number, size: number}[]} stored what is on the disk, in order
   * @param {number} since milliseconds: when that was spoken
   */
  constructor(acknowledged = 0, stored = [], since = 0) {
    this.#acknowledged = acknowledged;
    this.#chunks = stored.map(({ offset, size }) => ({ offset, size, pcm: null, isStored: true, since }));
    const last = stored.at(-1);
    this.#end = last ? last.offset + last.size : acknowledged;
    this.#drop();
  }

  /** @param {ArrayBuffer} pcm s16le, mono  @param {number} now milliseconds */
  add(pcm, now) {
    const size = pcm.byteLength;
    this.#chunks.push({ offset: this.#end, size, pcm, isStored: false, since: now });
    this.#end += size;
  }

  /** Bytes 0 to receivedBytes are safe on the server. An older or impossible count changes nothing. */
  acknowledge(receivedBytes) {
    if (!(receivedBytes > this.#acknowledged) || receivedBytes > this.#end) return;
    this.#acknowledged = receivedBytes;
    this.#drop();
  }

  /** @returns {ArrayBuffer|null} at most maxBytes from offset; empty at the end, null when they must be loaded first */
  slice(offset, maxBytes) {
    if (offset >= this.#end) return new ArrayBuffer(0);
    const parts = [];
    let wanted = maxBytes;
    for (let at = this.#at(offset); at < this.#chunks.length && wanted > 0; at += 1) {
      const { pcm, offset: first } = this.#chunks[at];
      if (!pcm) break;
      const part = new Uint8Array(pcm).subarray(Math.max(0, offset - first)).subarray(0, wanted);
      parts.push(part);
      wanted -= part.byteLength;
    }
    return parts.length > 0 ? joined(parts) : null;
  }

  /** @returns {object[]} the chunks of the next maxBytes from offset that are only on the disk */
  unloaded(offset, maxBytes) {
    return this.#chunks.slice(this.#at(offset)).filter((chunk) => !chunk.pcm && chunk.offset < offset + maxBytes);
  }

  /** @returns {object[]} chunks that are not on the disk, small ones put together */
  gather() {
    const first = this.#chunks.findIndex(({ isStored }) => !isStored);
    if (first < 0) return [];
    const gathered = [];
    for (const chunk of this.#chunks.splice(first)) {
      const last = gathered.at(-1);
      if (last && last.size + chunk.size <= PIECE_BYTES) gathered[gathered.length - 1] = together(last, chunk);
      else gathered.push(chunk);
    }
    this.#chunks.push(...gathered);
    return gathered;
  }

  /** Forgets sound that is also on the disk, the newest first, until at most that much is in memory. */
  unload(mostBytes) {
    let loaded = this.#chunks.reduce((sum, { pcm, size }) => sum + (pcm ? size : 0), 0);
    for (let at = this.#chunks.length - 1; at >= 0 && loaded > mostBytes; at -= 1) {
      const chunk = this.#chunks[at];
      if (!chunk.isStored || !chunk.pcm) continue;
      chunk.pcm = null;
      loaded -= chunk.size;
    }
  }

  /** Chunks not wholly confirmed, oldest first. */
  get chunks() {
    return [...this.#chunks];
  }

  /** Bytes of PCM that were added in all. */
  get totalBytes() {
    return this.#end;
  }

  /** Bytes the server has. */
  get acknowledgedBytes() {
    return this.#acknowledged;
  }

  /** Bytes that are only here. */
  get waitingBytes() {
    return this.#end - this.#acknowledged;
  }

  /** @returns {number} milliseconds the oldest chunk has been waiting, 0 when none is */
  oldestWait(now) {
    return this.#chunks.length > 0 ? now - this.#chunks[0].since : 0;
  }

  #drop() {
    const kept = this.#chunks.findIndex(({ offset, size }) => offset + size > this.#acknowledged);
    this.#chunks.splice(0, kept < 0 ? this.#chunks.length : kept);
  }

  /** Where the chunk with this byte stands; the list is short while all goes well, and long only in an outage. */
  #at(offset) {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.#chunks[middle];
      if (chunk.offset + chunk.size <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function together(first, second) {
  const pcm = joined([new Uint8Array(first.pcm), new Uint8Array(second.pcm)]);
  return { ...first, size: first.size + second.size, pcm };
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole.buffer;
}
