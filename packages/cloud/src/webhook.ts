import type { WebhookRequest } from "@server-playback/protocol";

/** Why an app could not be called. `message` is for people and holds no secret. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

/**
 * Posts to an app's webhook. Resolves when the app has accepted it.
 * @throws {WebhookError} the app was not reached, did not answer within `timeoutMs`, or refused
 */
export async function postWebhook(
  url: string,
  request: WebhookRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const bound = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
    redirect: "error",
    signal: signal === undefined ? bound : AbortSignal.any([bound, signal]),
  }).catch((error: unknown) => {
    throw new WebhookError(describe(error, timeoutMs));
  });
  await response.body?.cancel();
  if (!response.ok) {
    throw new WebhookError(`The app answered with status ${response.status}.`);
  }
}

function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `The app did not answer within ${timeoutMs} ms.`;
  }
  const code = (error as { cause?: { code?: string } }).cause?.code;
  return `The app could not be reached${code === undefined ? "" : ` (${code})`}.`;
}
