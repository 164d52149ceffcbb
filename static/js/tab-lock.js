/** What one tab of this browser holds at a time, and loses when it is closed or dies (Web Locks). */
export class TabLock {
  #locks;

  /** @param {LockManager|undefined} locks without it every tab thinks that it is alone */
  constructor(locks = globalThis.navigator?.locks) {
    this.#locks = locks;
  }

  /** @returns {Promise<(() => void)|null>} lets go of it; null while another tab, or this one, holds it */
  take(name) {
    if (!this.#locks) return Promise.resolve(() => {});
    return new Promise((resolve, reject) => {
      const hold = (lock) => (lock ? new Promise((letGo) => resolve(letGo)) : resolve(null));
      this.#locks.request(`dictation-${name}`, { ifAvailable: true }, hold).catch(reject);
    });
  }
}
