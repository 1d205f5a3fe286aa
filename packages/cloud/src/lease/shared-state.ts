import type { CloudConfig } from "../config.js";
import type { Logger } from "../logger.js";
import type { Leases } from "./Lease.js";
import { MemoryLeases } from "./MemoryLeases.js";
import { RedisLeases } from "./RedisLeases.js";
import { RedisSessionRecords } from "./RedisSessionRecords.js";
import { noRecords, type SessionRecords } from "./SessionRecord.js";

/** What the nodes of a cloud share: by `REDIS_URL`, or nothing where there is one node. */
export function sharedState(
  { redisUrl, leaseGraceMs }: Pick<CloudConfig, "redisUrl" | "leaseGraceMs">,
  log: Logger,
): { leases: Leases; records: SessionRecords } {
  return redisUrl === undefined
    ? { leases: new MemoryLeases(), records: noRecords }
    : {
        leases: new RedisLeases({ url: redisUrl, graceMs: leaseGraceMs, log }),
        records: new RedisSessionRecords(redisUrl),
      };
}
