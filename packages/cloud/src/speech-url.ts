/**
 * Whether the URL is this server's own text-to-speech. The SDK builds it from the host of the socket's
 * URL and always says https, so only host and path are compared.
 */
export function isOwnSpeechUrl(url: string, publicUrl: string): boolean {
  if (!URL.canParse(url)) {
    return false;
  }
  const { protocol, host, pathname } = new URL(url);
  const isHttp = protocol === "http:" || protocol === "https:";
  return isHttp && host === new URL(publicUrl).host && pathname === "/api/tts";
}
