/** Opens the live socket; a page cannot set headers on one, so the token goes in the query. */
export function liveSocket(token: string | undefined): WebSocket {
  const url = new URL("/api/live", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (token !== undefined) {
    url.searchParams.set("token", token);
  }
  return new WebSocket(url);
}
