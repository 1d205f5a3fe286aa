import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { acquire } from "../../src/lease/acquire.js";
import type { Lease, Leases } from "../../src/lease/Lease.js";

/** A store for the contract: nodes that share it. */
export interface LeaseWorld {
  open(): Promise<void>;
  /** One more node; closed with the test. */
  node(): Leases;
  close(): Promise<void>;
}

/** What every store of leases does. */
export function leaseContract(name: string, world: LeaseWorld): void {
  describe(`the contract of leases, ${name}`, () => {
    let nodes: Leases[] = [];
    let user: string;
    const node = () => {
      const made = world.node();
      nodes.push(made);
      return made;
    };
    beforeAll(() => world.open());
    beforeEach(() => {
      user = `${randomUUID()}@example.com`;
    });
    afterEach(async () => {
      await Promise.all(nodes.map((each) => each.close()));
      nodes = [];
    });
    afterAll(() => world.close());

    test("LEASE-1 a user has one holder: while one node has the lease, another is refused", async () => {
      const [a, b] = [node(), node()];
      await settled(b);
      const lease = await granted(a, user);
      expect(await refusal(b, user)).toBe("held");
      await lease.release();
      await granted(b, user);
    });

    test("LEASE-1 of many nodes that ask at once, one is granted", async () => {
      const all = Array.from({ length: 8 }, node);
      await Promise.all(all.map((each) => settled(each)));
      const attempts = await Promise.all(all.map((each) => each.attempt(user)));
      expect(attempts.filter(({ state }) => state === "granted")).toHaveLength(1);
    });

    test("LEASE-2 every grant of a user carries a larger fence than the one before, whoever holds it", async () => {
      const [a, b] = [node(), node()];
      const fences: number[] = [];
      for (const each of [a, b, b, a]) {
        const lease = await granted(each, user);
        fences.push(lease.fence);
        await lease.release();
      }
      expect(fences).toEqual([...new Set(fences)].sort((x, y) => x - y));
      expect(fences.every(Number.isSafeInteger)).toBe(true);
    });

    test("LEASE-3 a holder that is asked is told to let go, and the node that asked has it once it did", async () => {
      const [a, b] = [node(), node()];
      const lease = await granted(a, user);
      const waiting = acquire(b, user, AbortSignal.timeout(10_000));
      await aborted(lease.lost);
      expect(lease.lost.reason).toBe("claimed");
      expect(await refusal(b, user)).toBe("held"); // until it has let go
      await lease.release();
      const taken = await waiting;
      expect(taken?.fence).toBeGreaterThan(lease.fence);
    });

    test("LEASE-4 the same node is granted its own user again, and its older lease is lost", async () => {
      const [a, b] = [node(), node()];
      await settled(b);
      const older = await granted(a, user);
      const newer = await granted(a, user);
      expect(older.lost.reason).toBe("taken");
      await older.release(); // must not free what is the newer one's
      expect(await refusal(b, user)).toBe("held");
      expect(newer.fence).toBeGreaterThan(older.fence);
    });

    test("LEASE-5 a release, also a second one, frees the user at once; closing a node releases all", async () => {
      const [a, b] = [node(), node()];
      const lease = await granted(a, user);
      await Promise.all([lease.release(), lease.release()]);
      await granted(b, user);
      await b.close();
      await granted(a, user);
    });

    test("LEASE-6 one user's lease is no matter of another's", async () => {
      const [a, b] = [node(), node()];
      const lease = await granted(a, user);
      await granted(b, `other-${user}`);
      expect(lease.lost.aborted).toBe(false);
    });

    test("LEASE-7 whoever stops asking is granted nothing", async () => {
      const [a, b] = [node(), node()];
      const lease = await granted(a, user);
      const enough = new AbortController();
      const waiting = acquire(b, user, enough.signal);
      await aborted(lease.lost);
      enough.abort();
      expect(await waiting).toBeUndefined();
      await lease.release();
      await granted(a, user);
    });
  });
}

/** The lease, asked for until it is granted. */
export async function granted(leases: Leases, user: string): Promise<Lease> {
  const lease = await acquire(leases, user, AbortSignal.timeout(10_000));
  if (lease === undefined) {
    throw new Error(`The lease of ${user} was not granted in time.`);
  }
  return lease;
}

/** Why one attempt is refused. */
export async function refusal(leases: Leases, user: string): Promise<string> {
  const attempt = await leases.attempt(user);
  return attempt.state === "granted" ? "granted" : attempt.why;
}

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Resolves when a node's store answers. */
export async function settled(leases: Leases): Promise<void> {
  const lease = await granted(leases, `settled-${randomUUID()}`);
  await lease.release();
}
