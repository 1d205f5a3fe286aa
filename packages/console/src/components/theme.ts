import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const key = "server-playback.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const changed = new EventTarget();

/** What the person chose, else what the system prefers. */
function currentTheme(): Theme {
  const chosen = localStorage.getItem(key);
  return chosen === "light" || chosen === "dark" ? chosen : prefersDark.matches ? "dark" : "light";
}

/** Sets the page's theme, now and whenever the system's preference changes. */
export function applyTheme(): void {
  document.documentElement.setAttribute("data-theme", currentTheme());
  changed.dispatchEvent(new Event("change"));
}

prefersDark.addEventListener("change", applyTheme);

export function toggleTheme(): void {
  localStorage.setItem(key, currentTheme() === "dark" ? "light" : "dark");
  applyTheme();
}

export function useTheme(): { theme: Theme; toggle: () => void } {
  const [theme, setTheme] = useState(currentTheme());
  useEffect(() => {
    const follow = () => setTheme(currentTheme());
    changed.addEventListener("change", follow);
    return () => changed.removeEventListener("change", follow);
  }, []);
  return { theme, toggle: toggleTheme };
}
