const key = "server-playback.console-token";

/** The token is kept for this tab and forgotten with it. */
export const storedToken = {
  get(): string | undefined {
    return sessionStorage.getItem(key) ?? undefined;
  },
  set(token: string): void {
    sessionStorage.setItem(key, token);
  },
  clear(): void {
    sessionStorage.removeItem(key);
  },
};
