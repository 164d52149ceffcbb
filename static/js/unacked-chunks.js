/** Audio the server has not confirmed, in the order it was spoken. A byte leaves only when its ack came. */
export class UnackedChunks {
  #chunks = [];
  #nextSeq = 0;
  #end = 0;
  #acknowledged = 0;

  /**
   * @param {ArrayBuffer} pcm s16le, mono
   * @param {number} now milliseconds
   * @returns {{seq: number, offset: number, pcm: ArrayBuffer, since: number}} the chunk with its place in the session
   */
  add(pcm, now) {
    const chunk = { seq: this.#nextSeq, offset: this.#end, pcm, since: now };
    this.#nextSeq += 1;
    this.#end += pcm.byteLength;
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Bytes 0 to receivedBytes are safe on the server. An older or impossible count changes nothing. */
  acknowledge(receivedBytes) {
    if (!(receivedBytes > this.#acknowledged) || receivedBytes > this.#end) return;
    this.#acknowledged = receivedBytes;
    this.#chunks = this.#chunks.filter((chunk) => chunk.offset + chunk.pcm.byteLength > receivedBytes);
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

  /** @returns {ArrayBuffer[]} exactly the bytes that are only here */
  get waitingPcm() {
    return this.#chunks.map(({ offset, pcm }) => pcm.slice(Math.max(0, this.#acknowledged - offset)));
  }

  /** @returns {number} milliseconds the oldest chunk has been waiting, 0 when none is */
  oldestWait(now) {
    return this.#chunks.length > 0 ? now - this.#chunks[0].since : 0;
  }
}
