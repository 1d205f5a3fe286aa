/** A set that keeps its newest `limit` members. */
export class RecentSet<T> {
  readonly #members = new Set<T>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  add(member: T): void {
    this.#members.delete(member);
    this.#members.add(member);
    if (this.#members.size > this.#limit) {
      const [oldest] = this.#members;
      this.#members.delete(oldest as T);
    }
  }
}
