const ALGORITHM = "AES-GCM";
/** 96 bits, random for each record, as NIST SP 800-38D recommends. */
const IV_BYTES = 12;

/** Seals what lies on this computer's disk with the key that the server gives to the signed-in person only. */
export class Sealer {
  #key;

  /** @param {CryptoKey} key */
  constructor(key) {
    this.#key = key;
  }

  /** @param {string} base64 32 bytes  @returns {Promise<Sealer>} whose key can't be read back by any script */
  static async from(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const key = await crypto.subtle.importKey("raw", bytes, ALGORITHM, false, ["encrypt", "decrypt"]);
    bytes.fill(0);
    return new Sealer(key);
  }

  /**
   * @param {BufferSource} bytes
   * @param {string} place what the bytes are; they can't be opened as anything else
   * @returns {Promise<{iv: Uint8Array, sealed: ArrayBuffer}>}
   */
  async seal(bytes, place) {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    return { iv, sealed: await crypto.subtle.encrypt(how(iv, place), this.#key, bytes) };
  }

  /** @returns {Promise<ArrayBuffer>} rejects with OperationError for another person's, or for changed, bytes */
  open({ iv, sealed }, place) {
    return crypto.subtle.decrypt(how(iv, place), this.#key, sealed);
  }
}

function how(iv, place) {
  return { name: ALGORITHM, iv, additionalData: new TextEncoder().encode(place) };
}
