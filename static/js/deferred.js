/** A promise that is settled from outside. A rejection nobody waits for is no fault. */
export class Deferred {
  constructor() {
    this.promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.promise.catch(() => {});
  }
}
