import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Leases } from "../../src/lease/Lease.js";
import { LET_GO_MS, RedisLeases } from "../../src/lease/RedisLeases.js";
import { createLogger } from "../../src/logger.js";
import { aborted, granted, leaseContract, refusal, settled } from "./contract.js";
import { RedisServer, redisServerBin, Way } from "./RedisServer.js";

/** Short, so that a test can wait for its end; above what a loaded machine loses. */
const GRACE_MS = 2_400;
const log = createLogger("silent");

let server: RedisServer;
const nodeAt = (url: string) => new RedisLeases({ url, graceMs: GRACE_MS, log });

describe.skipIf(redisServerBin === undefined)(
  "with a real server (redis-server is not installed: skipped)",
  () => {
    leaseContract("in Redis", {
      open: async () => {
        server = await RedisServer.start();
      },
      node: () => nodeAt(server.url),
      close: () => server.kill(),
    });

    describe("when the server is away", () => {
      let nodes: Leases[] = [];
      let ways: Way[] = [];
      let user: string;
      const node = (url = server.url) => {
        const made = nodeAt(url);
        nodes.push(made);
        return made;
      };
      beforeAll(async () => {
        server = await RedisServer.start();
      });
      beforeEach(() => {
        user = `${randomUUID()}@example.com`;
      });
      afterEach(async () => {
        server.goOn();
        await Promise.all(nodes.map((each) => each.close()));
        await Promise.all(ways.map((way) => way.close()));
        [nodes, ways] = [[], []];
      });
      afterAll(() => server.kill());

      test("LEASE-10 a holder keeps its user for the grace time, and then lets go", async () => {
        const a = node();
        const lease = await granted(a, user);
        const since = Date.now();
        server.pause();
        await sleep(GRACE_MS / 3);
        expect(lease.lost.aborted).toBe(false);
        await aborted(lease.lost);
        expect(lease.lost.reason).toBe("unreachable");
        expect(Date.now() - since).toBeLessThan(GRACE_MS + LET_GO_MS);
      });

      test("LEASE-11 a node that asks meanwhile is told so in bounded time", async () => {
        const b = node();
        await settled(b);
        server.pause();
        const since = Date.now();
        expect(await refusal(b, user)).toBe("unreachable");
        expect(Date.now() - since).toBeLessThan(5_000);
      });

      test("LEASE-12 a pause shorter than the grace time costs no one anything", async () => {
        const [a, b] = [node(), node()];
        const lease = await granted(a, user);
        await settled(b);
        server.pause();
        await sleep(GRACE_MS / 2);
        server.goOn();
        await sleep(GRACE_MS);
        expect(lease.lost.aborted).toBe(false);
        expect(await refusal(b, user)).toBe("held");
      });

      test("LEASE-13 what was asked of a paused server and given up is not done later", async () => {
        const [a, b] = [node(), node()];
        const lease = await granted(a, user);
        await settled(b);
        server.pause();
        expect(await refusal(b, user)).toBe("unreachable");
        server.goOn();
        await settled(b);
        await sleep(GRACE_MS / 2); // a has renewed since
        expect(lease.lost.aborted).toBe(false); // b's claim is not among what the server found
      });

      test("LEASE-14 a holder that is cut off has let go before another is granted", async () => {
        const way = await Way.to(server.port);
        ways.push(way);
        const [a, b] = [node(way.url), node()];
        const lease = await granted(a, user);
        let lostAt = 0;
        void aborted(lease.lost).then(() => {
          lostAt = performance.now();
        });
        way.cut();
        const next = await granted(b, user);
        const grantedAt = performance.now();
        expect(lostAt).toBeGreaterThan(0);
        expect(lostAt).toBeLessThan(grantedAt);
        expect(next.fence).toBeGreaterThan(lease.fence);
      });

      test("LEASE-15 a node that was cut off works again once the way is mended", async () => {
        const way = await Way.to(server.port);
        ways.push(way);
        const a = node(way.url);
        await settled(a);
        way.cut();
        expect(await refusal(a, user)).toBe("unreachable");
        way.mend();
        await granted(a, user);
      });

      test("LEASE-16 a server that comes back empty gives nothing away that is still held", async () => {
        const a = node();
        const lease = await granted(a, user);
        await server.kill();
        await server.run();
        const b = node();
        const answers = new Set<string>();
        for (const end = Date.now() + GRACE_MS; Date.now() < end; await sleep(50)) {
          answers.add(await refusal(b, user));
        }
        expect(answers).not.toContain("granted");
        expect(answers).toContain("held"); // a has it again
        await aborted(lease.lost);
        expect(lease.lost.reason).toBe("claimed");
        await lease.release();
        expect((await granted(b, user)).fence).toBeGreaterThan(lease.fence);
      });

      test("LEASE-17 what no one holds is granted by a server that came back empty, after the grace time", async () => {
        await server.kill();
        await server.run();
        const a = node();
        const lease = await granted(a, user);
        expect(lease.lost.aborted).toBe(false);
      });
    });
  },
);
