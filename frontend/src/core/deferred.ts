/** A promise that is settled from outside. */
export interface Deferred {
  promise: Promise<void>;
  settled: boolean;
  resolve(): void;
  reject(reason: unknown): void;
}

export function deferred(): Deferred {
  let settle: {resolve(): void; reject(reason: unknown): void} | null = null;
  const promise = new Promise<void>((resolve, reject) => {
    settle = {resolve, reject};
  });
  // A page that does not wait for it is not told of an unhandled rejection: it has the event.
  promise.catch(() => undefined);
  const made: Deferred = {
    promise,
    settled: false,
    resolve: () => {
      made.settled = true;
      settle?.resolve();
    },
    reject: (reason) => {
      made.settled = true;
      settle?.reject(reason);
    },
  };
  return made;
}
