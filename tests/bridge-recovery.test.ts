import type { AddressInfo } from "node:net";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { BridgeSession } from "@server-playback/bridge-client";
import type { BridgeEvent } from "@server-playback/protocol";
import { poll } from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { BridgeRig } from "./harness/BridgeRig.js";
import { serveTune } from "./harness/sounds.js";

let rig: BridgeRig;
let cable: Cable;
beforeAll(async () => {
  rig = await BridgeRig.start({ SESSION_GRACE_MS: "3000" });
  cable = await Cable.to(new URL(rig.bridge.url).port);
});
afterEach(() => rig.closeRooms());
afterAll(async () => {
  await cable.close();
  await rig.close();
});

/** A way to the bridge that can be cut. */
class Cable {
  readonly #sockets = new Set<Socket>();
  #whole = true;

  private constructor(readonly server: Server) {}

  static async to(port: string): Promise<Cable> {
    const server = createServer();
    const cable = new Cable(server);
    server.on("connection", (near) => cable.#join(near, Number(port)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return cable;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/ws`;
  }

  /** Cuts every connection; none comes about until `mend`. */
  cut(): void {
    this.#whole = false;
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  mend(): void {
    this.#whole = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(near: Socket, port: number): void {
    if (!this.#whole) {
      near.resetAndDestroy();
      return;
    }
    const far = dial(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on("error", () => {}); // followed by "close"
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

/** A session over the cable, and its events. */
async function session(): Promise<{ opened: BridgeSession; events: BridgeEvent[] }> {
  const opened = await BridgeSession.connect(cable.url);
  const events: BridgeEvent[] = [];
  opened.on("event", (event) => events.push(event));
  return { opened, events };
}

test("REC-1 the control connection is cut: the sound goes on unharmed, and no event is missed or doubled", async () => {
  const room = await rig.room();
  const { opened, events } = await session();
  const { url, reference } = serveTune(rig, 3, { mono: true });
  const askedAtMs = Date.now();
  const started = new Promise((resolve) => opened.on("play_started", resolve));
  const resumed = new Promise<{ interruptedMs: number }>((resolve) => opened.on("resumed", resolve));
  const interrupted = new Promise((resolve) => opened.on("interrupted", resolve));
  const complete = new Promise((resolve) => opened.on("play_complete", resolve));
  opened.send({ action: "play_url", requestId: "r1", url, roomName: room.name, token: room.token });
  await started;
  cable.cut();
  await interrupted;
  cable.mend();
  const { interruptedMs } = await resumed;
  expect(await complete).toMatchObject({ success: true, durationMs: 3_000 });
  const heard = await room.heard(askedAtMs);
  console.log(`The control connection was away for ${interruptedMs.toFixed(0)} ms.`);
  expect(heard.gaps.lostPackets).toBe(0);
  expect(Math.abs(heard.soundMs - reference.durationMs)).toBeLessThan(200);
  const seqs = events.flatMap((event) => ("seq" in event && event.seq !== undefined ? [event.seq] : []));
  expect(seqs).toEqual(seqs.map((_, i) => i + 1));
  expect(events.filter(({ type }) => type === "play_complete")).toHaveLength(1);
  await opened.close();
});

test("REC-4 a controller that does not come back: its sound ends and its room is left", async () => {
  const room = await rig.room();
  const { opened } = await session();
  const started = new Promise((resolve) => opened.on("play_started", resolve));
  const { url } = serveTune(rig, 20, { mono: true });
  opened.send({ action: "play_url", requestId: "r1", url, roomName: room.name, token: room.token });
  await started;
  cable.cut();
  const cutAtMs = performance.now();
  await poll("the participant's end", async () => {
    expect(await rig.participants(room.name)).not.toContain("bridge");
  });
  const tookMs = performance.now() - cutAtMs;
  console.log(`The room was left ${tookMs.toFixed(0)} ms after the cut.`);
  expect(tookMs).toBeGreaterThan(2_500);
  const lost = new Promise<{ reason: string }>((resolve) => opened.on("lost", resolve));
  cable.mend();
  expect(await lost).toEqual({ reason: "forgotten" });
});
