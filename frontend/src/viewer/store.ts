/** Keep the last used of many things. */
export class Store<Thing> {
  private readonly things = new Map<string, Thing>();

  constructor(private readonly most: number) {}

  get(key: string): Thing | undefined {
    const thing = this.things.get(key);
    if (thing !== undefined) this.set(key, thing);
    return thing;
  }

  set(key: string, thing: Thing): void {
    // A map lists its entries in the order they came in, so the first is the one that was not used for the longest time.
    this.things.delete(key);
    this.things.set(key, thing);
    if (this.things.size <= this.most) return;
    for (const first of this.things.keys()) {
      this.things.delete(first);
      return;
    }
  }

  clear(): void {
    this.things.clear();
  }
}
