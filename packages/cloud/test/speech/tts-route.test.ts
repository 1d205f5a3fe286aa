import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SpeechSigner } from "../../src/speech/speech-signature.js";
import { connectApp, connectGlasses, playRequest } from "../clients.js";
import { glassesToken, glassesTokenSecret, metric, startTestCloud, type TestCloud } from "../fixtures.js";
import { WebhookServer } from "../webhook-server.js";
import { samples } from "./fake-provider.js";
import { cut, PcmServer, pcm, status } from "./PcmServer.js";

const key = "secret-key";
let webhook: WebhookServer;
let provider: PcmServer;
let cloud: TestCloud;

beforeEach(async () => {
  webhook = await WebhookServer.start();
  provider = await PcmServer.start();
  provider.answers = [pcm(samples(1), samples(2))];
  cloud = await startTestCloud({
    webhookUrl: webhook.url,
    speech: {
      provider: { name: "openai", key, baseUrl: provider.url },
      maxText: 100,
      timeoutMs: 300,
      cacheBytes: 0,
      cacheMemoryBytes: 1e6,
    },
  });
});

afterEach(async () => {
  await cloud.close();
  await provider.close();
  await webhook.close();
});

/** A URL as the SDK builds it. */
function speechUrl(query: Record<string, string>, base = cloud.url): string {
  return `${base}/api/tts?${new URLSearchParams(query)}`;
}

async function get(query: Record<string, string>, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${await glassesToken()}` };
  return await fetch(speechUrl(query), { headers, ...init });
}

async function bodyOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

/** The URL that the glasses are given for this one of an app. */
async function asGlassesGetIt(audioUrl: string): Promise<string> {
  const glasses = await connectGlasses(cloud);
  const app = await connectApp(cloud);
  app.send(playRequest("r1", { audioUrl }));
  const request = await glasses.next("audio_play_request");
  return String((request as unknown as { audioUrl: string }).audioUrl);
}

describe("SPK-20 speech as a WAV", () => {
  it("SPK-20 begins before it is complete, and then says no length", async () => {
    let finish = () => {};
    provider.answers = [
      (response) => {
        response.writeHead(200, { "content-type": "audio/pcm" });
        response.write(samples(1));
        finish = () => response.end(samples(2));
      },
    ];
    const response = await get({ text: "Hello." }); // resolves with the head
    expect(response.headers.get("content-type")).toBe("audio/wav");
    expect(response.headers.get("content-length")).toBeNull();
    finish();
    const wav = await bodyOf(response);
    expect(wav.subarray(0, 4).toString()).toBe("RIFF");
    expect([wav.readUInt32LE(40), wav.readUInt32LE(24)]).toEqual([0xffffffff, 24_000]);
    expect(wav.subarray(44)).toEqual(Buffer.concat([samples(1), samples(2)]));
  });

  it("SPK-20 that is kept says its length", async () => {
    await bodyOf(await get({ text: "Hello." }));
    const response = await get({ text: "Hello." });
    const wav = await bodyOf(response);
    expect(response.headers.get("content-length")).toBe(String(44 + 6_400));
    expect([wav.readUInt32LE(4), wav.readUInt32LE(40)]).toEqual([36 + 6_400, 6_400]);
    expect(await metric(cloud, "cloud_speeches_total")).toBe(2);
    expect(provider.asked).toHaveLength(1);
  });

  it("SPK-20 takes the parameters that the SDK sends", async () => {
    await get({ text: "Hi & bye?", voice_id: "nova", model_id: "tts-1", voice_settings: '{"speed":1.5}' });
    expect(JSON.parse(provider.asked[0]?.body ?? "")).toMatchObject({
      input: "Hi & bye?",
      voice: "nova",
      model: "tts-1",
      speed: 1.5,
    });
  });

  it("SPK-20 answers HEAD without making anything", async () => {
    const response = await get(
      { text: "Hello." },
      { method: "HEAD", headers: { authorization: `Bearer ${await glassesToken()}` } },
    );
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "audio/wav"]);
    expect(provider.asked).toHaveLength(0);
  });

  it("SPK-20 is given up when the caller hangs up", async () => {
    provider.answers = [(response) => response.writeHead(200).write(samples(1))];
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${await glassesToken()}` };
    await fetch(speechUrl({ text: "Hello." }), { headers, signal: abort.signal });
    abort.abort();
    await provider.asked[0]?.closed;
  });
});

describe("SPK-21 who may ask", () => {
  it("SPK-21 nobody without credentials", async () => {
    const response = await fetch(speechUrl({ text: "Hello." }));
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: "unauthorized" });
    expect(provider.asked).toHaveLength(0);
  });

  it("SPK-21 the glasses with the URL that they were given, as it is", async () => {
    const url = await asGlassesGetIt(speechUrl({ text: "Hello." }).replace("http:", "https:"));
    expect(url.startsWith(`${cloud.url}/api/tts?text=Hello.&`)).toBe(true);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(await bodyOf(response)).toHaveLength(44 + 6_400);
  });

  it("SPK-21 under whatever name the app found this server", async () => {
    const other = cloud.url.replace("127.0.0.1", "localhost");
    const glasses = await connectGlasses(cloud);
    const app = await connectApp(Object.assign(Object.create(cloud), { url: other }));
    app.send(
      playRequest("r1", { audioUrl: speechUrl({ text: "Hello." }, other.replace("http:", "https:")) }),
    );
    const { audioUrl } = (await glasses.next("audio_play_request")) as unknown as { audioUrl: string };
    expect(new URL(audioUrl).searchParams.get("sig")).not.toBeNull();
  });

  it("SPK-21 another server's URL is nobody's to sign", async () => {
    const url = "https://elsewhere.example/api/tts?text=Hello.";
    expect(await asGlassesGetIt(url)).toBe(url);
  });

  it.each<[string, (url: URL) => void]>([
    ["another text", (url) => url.searchParams.set("text", "Something else.")],
    ["another text beside it", (url) => url.searchParams.append("text", "Something else.")],
    ["another voice", (url) => url.searchParams.set("voice_id", "nova")],
    ["another time", (url) => url.searchParams.set("exp", String(2 ** 40 / 1000))],
    ["another signature", (url) => url.searchParams.set("sig", "AAAA")],
  ])("SPK-21 nobody with %s than was signed", async (_, alter) => {
    const url = new URL(await asGlassesGetIt(speechUrl({ text: "Hello." })));
    alter(url);
    expect((await fetch(url)).status).toBe(401);
  });

  it("SPK-21 nobody with a URL of ten minutes ago, or of another server", async () => {
    const base = new URL(cloud.url);
    const old = new SpeechSigner(glassesTokenSecret, () => Date.now() - 10 * 60_000 - 2_000);
    expect((await fetch(old.sign(speechUrl({ text: "Hello." }), base))).status).toBe(401);
    const other = new SpeechSigner("another-secret-of-32-characters!!");
    expect((await fetch(other.sign(speechUrl({ text: "Hello." }), base))).status).toBe(401);
  });
});

describe("SPK-22 what cannot be served", () => {
  it.each<[string, Record<string, string>, string]>([
    ["no text", {}, "text"],
    ["an empty text", { text: "  " }, "text"],
    ["a text without a word", { text: "?!" }, "text"],
    ["a text that is too long", { text: "x".repeat(101) }, "text"],
    ["settings that are no JSON", { text: "Hi.", voice_settings: "{" }, "voice_settings"],
    ["settings out of range", { text: "Hi.", voice_settings: '{"stability":2}' }, "voice_settings.stability"],
    ["a voice without end", { text: "Hi.", voice_id: "v".repeat(200) }, "voice_id"],
  ])("SPK-22 %s is a 400 that names it", async (_, query, field) => {
    const response = await get(query);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: "speech_invalid",
      message: expect.stringMatching(`^${field}:`),
    });
  });

  it.each([
    [500, 502, "speech_failed"],
    [429, 503, "speech_busy"],
    [401, 502, "speech_failed"],
  ])("SPK-22 a provider's %i is a %i with the reason, and without the key", async (theirs, ours, error) => {
    provider.answers = [status(theirs, { error: { message: key } })];
    const response = await get({ text: "Hello." });
    expect(response.status).toBe(ours);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ error });
    expect(body + JSON.stringify(cloud.logLines)).not.toContain(key);
  });

  it("SPK-22 silence is a 504", async () => {
    provider.answers = [() => {}];
    expect((await get({ text: "Hello." })).status).toBe(504);
  });

  it("SPK-22 what breaks off in the middle is cut off for the caller too", async () => {
    provider.answers = [cut(samples(1))];
    const response = await get({ text: "Hello." });
    expect(response.status).toBe(200);
    await expect(bodyOf(response)).rejects.toThrow();
  });

  it("SPK-22 another method is a 405", async () => {
    const response = await get({ text: "Hello." }, { method: "POST" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("SPK-23 a caller gets so many at once and no more, and again when one is through", async () => {
    const finish: (() => void)[] = [];
    provider.answers = [
      (response) => {
        response.writeHead(200, { "content-type": "audio/pcm" }).write(samples(1));
        finish.push(() => response.end());
      },
    ];
    const running = await Promise.all([1, 2, 3, 4].map((i) => get({ text: `Text ${i}.` })));
    const refused = await get({ text: "Text 5." });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    for (const end of finish) {
      end();
    }
    await Promise.all(running.map(bodyOf));
    provider.answers = [pcm(samples(1))];
    expect((await get({ text: "Text 6." })).status).toBe(200);
  });
});

it("SPK-22 without speech there is nothing at the address", async () => {
  const silent = await startTestCloud();
  expect((await fetch(`${silent.url}/api/tts?text=hi`)).status).toBe(404);
  await silent.close();
});

it("SPK-20 a cloud that closes ends what it serves", async () => {
  provider.answers = [(response) => response.writeHead(200).write(samples(1))];
  const response = await get({ text: "Hello." });
  await Promise.all([cloud.close(), expect(bodyOf(response)).rejects.toThrow()]);
});
