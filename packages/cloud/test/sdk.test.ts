import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectGlasses, postApp } from "./clients.js";
import { app, startTestCloud, type TestCloud, user } from "./fixtures.js";
import { SdkApp } from "./sdk-app.js";

let sdk: SdkApp;
let cloud: TestCloud;

async function begin(options: { key?: string; sessionGraceMs?: number } = {}): Promise<void> {
  sdk = new SdkApp(options.key);
  const { sessionGraceMs = 60_000 } = options;
  cloud = await startTestCloud({ webhookUrl: await sdk.listen(), sessionGraceMs });
}

beforeEach(() => begin());

afterEach(async () => {
  await cloud.close();
  await sdk.close();
});

describe("CL-3 the real SDK", () => {
  it("CL-3 plays and is told how it went", async () => {
    const glasses = await connectGlasses(cloud);
    expect(await postApp(cloud, "start")).toMatchObject({ status: 200, body: { status: "started" } });
    const session = await sdk.session;
    expect(session.userId).toBe(user);
    const played = session.audio.playAudio({ audioUrl: "https://sounds.example/bell.mp3", volume: 0.5 });
    const { requestId, volume } = await glasses.next("audio_play_request");
    expect(volume).toBe(0.5);
    glasses.send({ type: "audio_play_response", requestId, success: true, duration: 1.5 });
    expect(await played).toEqual({ success: true, error: undefined, duration: 1.5 });
  });

  it("CL-3 stops, all of its sounds or those of one layer", async () => {
    const glasses = await connectGlasses(cloud);
    await postApp(cloud, "start");
    const session = await sdk.session;
    session.audio.stopAudio();
    expect(await glasses.next("audio_stop_request")).not.toHaveProperty("trackId");
    session.audio.stopAudio(2);
    expect(await glasses.next("audio_stop_request")).toMatchObject({ appId: app, trackId: 2 });
  });

  it("CL-3 speaks through this server's own URL", async () => {
    const glasses = await connectGlasses(cloud);
    await postApp(cloud, "start");
    const spoken = (await sdk.session).audio.speak("hello there");
    const { audioUrl, requestId, trackId } = await glasses.next("audio_play_request");
    expect(String(audioUrl)).toBe(`${cloud.url.replace("http", "https")}/api/tts?text=hello+there`);
    expect(trackId).toBe(2);
    glasses.send({ type: "audio_play_response", requestId, success: true });
    expect(await spoken).toMatchObject({ success: true });
  });

  it("CL-12 hears at once that the glasses are away, and goes on", async () => {
    await postApp(cloud, "start");
    const session = await sdk.session;
    expect(await session.audio.playAudio({ audioUrl: "https://sounds.example/a.mp3" })).toMatchObject({
      success: false,
      error: "The glasses are not connected.",
    });
    const glasses = await connectGlasses(cloud);
    const played = session.audio.playAudio({ audioUrl: "https://sounds.example/b.mp3" });
    const { requestId } = await glasses.next("audio_play_request");
    glasses.send({ type: "audio_play_response", requestId, success: true });
    expect(await played).toMatchObject({ success: true });
  });

  it("CL-2 is stopped by its webhook, once", async () => {
    await connectGlasses(cloud);
    await postApp(cloud, "start");
    await sdk.session;
    expect(await postApp(cloud, "stop")).toMatchObject({ status: 200 });
    expect(sdk.stops).toEqual(["user_disabled"]);
    expect(await postApp(cloud, "start")).toMatchObject({ status: 200, body: { status: "started" } });
    expect(sdk.sessions).toHaveLength(2);
  });

  it("CL-4 is told of the session's end and does not come back", async () => {
    await cloud.close();
    await sdk.close();
    await begin({ sessionGraceMs: 100 });
    const glasses = await connectGlasses(cloud);
    await postApp(cloud, "start");
    await sdk.session;
    await glasses.close();
    await vi.waitFor(() => expect(sdk.stops).toContain("User session ended"));
    expect(sdk.sessions).toHaveLength(1);
  });

  it("BAD-2 with a wrong key is refused, and its start fails with it", async () => {
    await cloud.close();
    await sdk.close();
    await begin({ key: "not the key" });
    const started = postApp(cloud, "start");
    await vi.waitFor(() =>
      expect(cloud.logLines).toContainEqual(expect.objectContaining({ code: "invalid_api_key" })),
    );
    expect(await started).toMatchObject({ status: 502, body: { error: "app_unavailable" } });
    expect(sdk.sessions).toEqual([]);
  });
});
