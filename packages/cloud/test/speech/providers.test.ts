import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SpeechCache } from "../../src/speech/cache/SpeechCache.js";
import { createProvider } from "../../src/speech/create-provider.js";
import type { SpeechProvider } from "../../src/speech/SpeechProvider.js";
import { SpeechService } from "../../src/speech/SpeechService.js";
import type { SpeechRequest } from "../../src/speech/speech-request.js";
import { type LogLine, loggerInto } from "../fixtures.js";
import { CartesiaServer, failure, part, sound } from "./CartesiaServer.js";
import { samples } from "./fake-provider.js";
import { cut, PcmServer, pcm, status } from "./PcmServer.js";

const key = "secret-key";
const never = new AbortController().signal;
const hello: SpeechRequest = { text: `Say "Tom & Jerry" <now>.`, settings: {} };
const speech = Buffer.concat([samples(1), samples(-2, 777)]);

let log: LogLine[];
const closers: (() => Promise<void>)[] = [];

beforeEach(() => {
  log = [];
});

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

function serviceOf(provider: SpeechProvider, timeoutMs = 5_000): SpeechService {
  const cache = new SpeechCache({ memoryBytes: 0, diskBytes: 0 }, loggerInto(log));
  const service = new SpeechService({ provider, cache, timeoutMs, log: loggerInto(log) });
  closers.push(() => service.close());
  return service;
}

async function say(service: SpeechService, request = hello, signal = never): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await service.speak(request, signal)).chunks) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

type HttpName = "elevenlabs" | "openai" | "azure";

function providerAt(name: HttpName | "cartesia", baseUrl: string): SpeechProvider {
  const options = { key, baseUrl };
  return createProvider(name === "azure" ? { name, region: "nowhere", ...options } : { name, ...options });
}

async function rig(
  name: HttpName,
  timeoutMs?: number,
): Promise<{ server: PcmServer; service: SpeechService }> {
  const server = await PcmServer.start();
  closers.push(() => server.close());
  return { server, service: serviceOf(providerAt(name, server.url), timeoutMs) };
}

describe("SPK-3 requests in their documented form", () => {
  it("SPK-3 ElevenLabs", async () => {
    const { server, service } = await rig("elevenlabs");
    server.answers = [pcm(speech)];
    const settings = { stability: 0.5, similarity_boost: 0.7, speed: 1.1 };
    await say(service, { ...hello, voice: "21m00Tcm4TlvDq8ikWAM", model: "eleven_turbo_v2_5", settings });
    const [asked] = server.asked;
    expect(asked).toMatchObject({
      method: "POST",
      url: "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/stream?output_format=pcm_24000",
      headers: { "xi-api-key": key, "content-type": "application/json" },
    });
    expect(JSON.parse(asked?.body ?? "")).toEqual({
      text: hello.text,
      model_id: "eleven_turbo_v2_5",
      voice_settings: settings,
    });
  });

  it("SPK-3 OpenAI", async () => {
    const { server, service } = await rig("openai");
    server.answers = [pcm(speech)];
    await say(service, { ...hello, voice: "nova", model: "tts-1", settings: { speed: 1.5, stability: 1 } });
    const [asked] = server.asked;
    expect(asked).toMatchObject({
      method: "POST",
      url: "/v1/audio/speech",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    });
    expect(JSON.parse(asked?.body ?? "")).toEqual({
      model: "tts-1",
      input: hello.text,
      voice: "nova",
      response_format: "pcm",
      speed: 1.5,
    });
  });

  it("SPK-3 OpenAI under a base URL that holds the version", async () => {
    const server = await PcmServer.start();
    closers.push(() => server.close());
    server.answers = [pcm(speech)];
    await say(serviceOf(providerAt("openai", `${server.url}/v1`)));
    expect(server.asked[0]?.url).toBe("/v1/audio/speech");
  });

  it("SPK-3 Azure, with the text as text whatever is in it", async () => {
    const { server, service } = await rig("azure");
    server.answers = [pcm(speech)];
    await say(service, { text: `${hello.text}\u0000`, voice: "de-DE-KatjaNeural", settings: { speed: 1.2 } });
    expect(server.asked[0]).toMatchObject({
      method: "POST",
      url: "/cognitiveservices/v1",
      headers: {
        "ocp-apim-subscription-key": key,
        "content-type": "application/ssml+xml",
        "x-microsoft-outputformat": "raw-24khz-16bit-mono-pcm",
        "user-agent": "server-playback",
      },
      body:
        `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="de-DE">` +
        `<voice name="de-DE-KatjaNeural"><prosody rate="1.2">` +
        "Say &quot;Tom &amp; Jerry&quot; &lt;now&gt;. </prosody></voice></speak>",
    });
  });

  it("SPK-3 Cartesia", async () => {
    const server = await CartesiaServer.start();
    closers.push(() => server.close());
    server.answers = [sound(speech)];
    const voice = "0834f3df-e650-4766-a20c-5a93a43aa6e3";
    await say(serviceOf(providerAt("cartesia", server.url)), { ...hello, voice, settings: { speed: 4 } });
    expect(server.asked[0]).toMatchObject({
      path: "/tts/websocket",
      headers: { authorization: `Bearer ${key}`, "cartesia-version": "2026-03-01" },
      request: {
        model_id: "sonic-3",
        transcript: hello.text,
        voice: { mode: "id", id: voice },
        language: "en",
        output_format: { container: "raw", encoding: "pcm_s16le", sample_rate: 24_000 },
        generation_config: { speed: 1.5 },
        continue: false,
      },
    });
    await server.asked[0]?.closed;
  });
});

describe.each<HttpName>(["elevenlabs", "openai", "azure"])("%s over HTTP", (name) => {
  it("SPK-3 its sound arrives unchanged, however the network cuts it", async () => {
    const { server, service } = await rig(name);
    const cuts = [1, 2, 5, 1_000, 1_001, speech.length];
    server.answers = [pcm(...cuts.map((end, i) => speech.subarray(cuts[i - 1] ?? 0, end)))];
    expect(await say(service)).toEqual(speech);
  });

  it("SPK-1 its sound is there while the rest is still made", async () => {
    const { server, service } = await rig(name);
    let finish = () => {};
    server.answers = [
      (response) => {
        response.writeHead(200, { "content-type": "audio/pcm" });
        response.write(samples(1));
        finish = () => response.end(samples(2));
      },
    ];
    const { chunks } = await service.speak(hello, never); // resolves with the first sound
    finish();
    let bytes = 0;
    for await (const { length } of chunks) {
      bytes += length;
    }
    expect(bytes).toBe(6_400);
  });

  it("SPK-4 a rate limit leads to one more attempt, after the time that it names", async () => {
    const { server, service } = await rig(name);
    server.answers = [status(429, "{}", { "retry-after": "1" }), pcm(speech)];
    const askedAt = performance.now();
    expect(await say(service)).toEqual(speech);
    expect(performance.now() - askedAt).toBeGreaterThan(900);
  });

  it.each([429, 500, 503])("SPK-4 %i twice ends the speech", async (code) => {
    const { server, service } = await rig(name);
    server.answers = [status(code)];
    const expected = code === 429 ? "speech_busy" : "speech_failed";
    await expect(say(service)).rejects.toMatchObject({ code: expected });
    expect(server.asked).toHaveLength(2);
  });

  it("SPK-4 a connection that is cut before any sound leads to one more attempt", async () => {
    const { server, service } = await rig(name);
    server.answers = [(response) => response.destroy(), pcm(speech)];
    expect(await say(service)).toEqual(speech);
  });

  it("SPK-4 one that is cut in the middle of the sound leads to none, and is told", async () => {
    const { server, service } = await rig(name);
    server.answers = [cut(samples(1))];
    await expect(say(service)).rejects.toMatchObject({ code: "speech_failed" });
    expect(server.asked).toHaveLength(1);
  });

  it("SPK-5 a server that accepts and says nothing ends the speech, and is hung up on", async () => {
    const { server, service } = await rig(name, 100);
    server.answers = [() => {}];
    await expect(say(service)).rejects.toMatchObject({ code: "speech_timeout" });
    await server.asked[0]?.closed;
  });

  it.each<[number, unknown]>([
    [401, { detail: { status: "invalid_api_key", message: `Not ${key}` } }],
    [400, { error: { message: `Not ${key}` } }],
    [200, { error: { message: `Not ${key}` } }],
  ])("SPK-6 %i with a text is told once, without the key and without that text", async (code, body) => {
    const { server, service } = await rig(name);
    server.answers = [status(code, body)];
    const error = await say(service).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "speech_failed" });
    expect(JSON.stringify(log) + String(error)).not.toContain(key);
    expect(server.asked).toHaveLength(1);
  });

  it("SPK-6 a redirect is not followed: the key stays here", async () => {
    const { server, service } = await rig(name);
    server.answers = [status(307, "", { location: `${server.url}/elsewhere` })];
    await expect(say(service)).rejects.toMatchObject({ code: "speech_failed" });
    expect(server.asked.some(({ url }) => url === "/elsewhere")).toBe(false);
  });

  it("SPK-14 giving up hangs up on the provider", async () => {
    const { server, service } = await rig(name);
    server.answers = [(response) => response.writeHead(200).write(samples(1))];
    const leave = new AbortController();
    await service.speak(hello, leave.signal);
    leave.abort();
    await server.asked[0]?.closed;
  });
});

describe("SPK-7 voices that turn out not to be there", () => {
  it.each<[HttpName, string, number, unknown]>([
    ["elevenlabs", "AAAAAAAAAAAAAAAAAAAA", 404, { detail: { status: "voice_not_found", message: "No." } }],
    ["azure", "en-US-NobodyNeural", 400, ""],
  ])("SPK-7 %s: the default speaks instead", async (name, voice, code, body) => {
    const { server, service } = await rig(name);
    server.answers = [status(code, body), pcm(speech)];
    expect(await say(service, { ...hello, voice })).toEqual(speech);
    expect(server.asked).toHaveLength(2);
    expect(server.asked[1]?.url + String(server.asked[1]?.body)).not.toContain(voice);
    expect(log).toContainEqual(expect.objectContaining({ level: 40, voice }));
  });

  it.each<[HttpName | "cartesia"]>([["openai"], ["cartesia"], ["elevenlabs"], ["azure"]])(
    "SPK-7 %s is not asked for what cannot be one of its voices or models",
    (name) => {
      const provider = providerAt(name, "http://127.0.0.1:9");
      expect([provider.hasVoice("slt"), provider.hasModel("flite")]).toEqual([false, false]);
      expect(provider.hasVoice(provider.defaultVoice)).toBe(true);
    },
  );
});

describe("Cartesia over its WebSocket", () => {
  async function cartesia(timeoutMs?: number): Promise<{ server: CartesiaServer; service: SpeechService }> {
    const server = await CartesiaServer.start();
    closers.push(() => server.close());
    return { server, service: serviceOf(providerAt("cartesia", server.url), timeoutMs) };
  }

  it("SPK-3 its sound arrives unchanged; the connection ends with it", async () => {
    const { server, service } = await cartesia();
    server.answers = [sound(speech.subarray(0, 11), speech.subarray(11))];
    expect(await say(service)).toEqual(speech);
    await server.asked[0]?.closed;
  });

  it.each([
    [429, "concurrency_limited", "speech_busy"],
    [500, "internal_error", "speech_failed"],
  ])("SPK-4 error %i leads to one more attempt", async (code, reason, expected) => {
    const { server, service } = await cartesia();
    server.answers = [failure(code, reason), sound(speech)];
    expect(await say(service)).toEqual(speech);
    server.asked.length = 0;
    server.answers = [failure(code, reason)];
    const error = await say(service, { ...hello, text: "Again." }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: expected });
    expect(String(error)).not.toContain(key);
    expect(server.asked).toHaveLength(2);
  });

  it("SPK-4 a connection that breaks in the middle of the sound is told", async () => {
    const { server, service } = await cartesia();
    server.answers = [part(samples(1))];
    await expect(say(service)).rejects.toMatchObject({ code: "speech_failed" });
    expect(server.asked).toHaveLength(1);
  });

  it("SPK-5 silence ends the speech, and the connection", async () => {
    const { server, service } = await cartesia(100);
    server.answers = [() => {}];
    await expect(say(service)).rejects.toMatchObject({ code: "speech_timeout" });
    await server.asked[0]?.closed;
  });

  it("SPK-6 a refused key is told without it", async () => {
    const { server, service } = await cartesia();
    server.refuseWith = 401;
    const error = await say(service).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "speech_failed", message: expect.stringContaining("key") });
    expect(String(error)).not.toContain(key);
  });

  it("SPK-6 a server that is not there is told", async () => {
    const { server, service } = await cartesia();
    await server.close();
    await expect(say(service)).rejects.toMatchObject({ code: "speech_failed" });
  });

  it("SPK-7 a voice that is not there: the default speaks instead", async () => {
    const { server, service } = await cartesia();
    server.answers = [failure(404, "voice_not_found"), sound(speech)];
    expect(await say(service, { ...hello, voice: "0834f3df-e650-4766-a20c-5a93a43aa6e3" })).toEqual(speech);
  });

  it("SPK-14 giving up ends the connection", async () => {
    const { server, service } = await cartesia();
    server.answers = [
      (socket, context_id) =>
        socket.send(JSON.stringify({ type: "chunk", data: samples(1).toString("base64"), context_id })),
    ];
    const leave = new AbortController();
    await service.speak(hello, leave.signal);
    leave.abort();
    await server.asked[0]?.closed;
  });
});
