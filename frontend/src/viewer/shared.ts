/** Do a thing once for all who wait for it at the same time; it is given up when nobody waits any more. */
interface Running<Result> {
  promise: Promise<Result>;
  controller: AbortController;
  waiting: number;
}

export class Shared<Result> {
  private readonly running = new Map<string, Running<Result>>();

  /** Return what `begin` gives, or what one that was begun under the same key will give. */
  get(key: string, signal: AbortSignal, begin: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    let own = this.running.get(key);
    if (!own) {
      const controller = new AbortController();
      own = {promise: begin(controller.signal), controller, waiting: 0};
      this.running.set(key, own);
      const over = () => {
        if (this.running.get(key)?.controller === controller) this.running.delete(key);
      };
      own.promise.then(over, over);
    }
    return this.wait(key, own, signal);
  }

  private wait(key: string, own: Running<Result>, signal: AbortSignal): Promise<Result> {
    own.waiting += 1;
    return new Promise<Result>((resolve, reject) => {
      own.promise.then(resolve, reject);
      signal.addEventListener(
        'abort',
        () => {
          reject(signal.reason as Error);
          own.waiting -= 1;
          if (own.waiting > 0) return;
          if (this.running.get(key) === own) this.running.delete(key);
          own.controller.abort(signal.reason);
        },
        {once: true},
      );
    });
  }
}
