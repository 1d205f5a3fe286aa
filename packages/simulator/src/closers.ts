/** Something that ends once; calls after the first wait for the same end. */
export interface Closable {
  close(): Promise<void>;
}

/**
 * What an owner has started, closed in the opposite order. A part that cannot be closed does not keep
 * the others open.
 */
export class Closers implements Closable {
  readonly #parts: Closable[] = [];
  #closed: Promise<void> | undefined;

  /** Takes a part over, and gives it back. */
  own<T extends Closable>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const errors: unknown[] = [];
    for (const part of this.#parts.reverse()) {
      await part.close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) {
      throw new AggregateError(errors, "Not everything could be closed.");
    }
  }
}

/** Ends `close` when `start` fails halfway, so that nothing stays behind. */
export async function startOrClose<T>(closers: Closers, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await closers.close();
    throw error;
  }
}
