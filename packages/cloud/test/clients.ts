import type { Cloud } from "../src/index.js";
import { apiKey, app, glassesToken, otherApiKey, otherApp, user } from "./fixtures.js";
import { Peer } from "./peer.js";

/** Glasses of a user, connected and acknowledged. */
export async function connectGlasses(cloud: Cloud, email = user, query = ""): Promise<Peer> {
  const glasses = await Peer.connect(`${cloud.url}/glasses-ws${query}`, {
    authorization: `Bearer ${await glassesToken(email)}`,
  });
  await glasses.next("connection_ack");
  return glasses;
}

/** Starts or stops an app as the user's glasses do. */
export async function postApp(
  cloud: Cloud,
  verb: "start" | "stop",
  { packageName = app, email = user }: { packageName?: string; email?: string } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${cloud.url}/apps/${packageName}/${verb}`, {
    method: "POST",
    headers: { authorization: `Bearer ${await glassesToken(email)}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The first message of an app. */
export function init(packageName = app, email = user, key = keyOf(packageName)) {
  return { type: "tpa_connection_init", sessionId: `${email}-${packageName}`, packageName, apiKey: key };
}

/** An app's socket, started by the user and acknowledged. Needs a webhook that accepts. */
export async function connectApp(cloud: Cloud, packageName = app, email = user): Promise<Peer> {
  await postApp(cloud, "start", { packageName, email });
  return await reconnectApp(cloud, packageName, email);
}

/** An app's socket, acknowledged, of an app that was started before. */
export async function reconnectApp(cloud: Cloud, packageName = app, email = user): Promise<Peer> {
  const peer = await Peer.connect(`${cloud.url}/app-ws`);
  peer.send(init(packageName, email));
  await peer.next("tpa_connection_ack");
  return peer;
}

export function playRequest(requestId: string, more: object = {}, packageName = app, email = user) {
  return {
    type: "audio_play_request",
    requestId,
    packageName,
    sessionId: `${email}-${packageName}`,
    audioUrl: "https://sounds.example/bell.mp3?signature=hidden",
    volume: 1,
    stopOtherAudio: true,
    trackId: 0,
    timestamp: new Date().toISOString(),
    ...more,
  };
}

function keyOf(packageName: string): string {
  return packageName === otherApp ? otherApiKey : apiKey;
}
