import type { IncomingMessage } from "node:http";
import { maxMessageBytes } from "@server-playback/protocol";

/** A request's body as JSON, or why it is none. */
export type BodyResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string };

/** Reads a body of at most {@link maxMessageBytes}; none at all counts as `{}`. */
export async function readJson(request: IncomingMessage): Promise<BodyResult> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxMessageBytes) {
      return { ok: false, error: `The body is larger than ${maxMessageBytes} bytes.` };
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  try {
    return { ok: true, value: text === "" ? {} : JSON.parse(text) };
  } catch {
    return { ok: false, error: "The body is not JSON." };
  }
}
