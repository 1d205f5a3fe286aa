/** Strokes of the icons, in a box of 20 by 20. */
const strokes = {
  play: "M6 4.5v11l9-5.5z",
  pause: "M7 5v10M13 5v10",
  stop: "M5.5 5.5h9v9h-9z",
  headphones: "M4 12v-2a6 6 0 0 1 12 0v2M4 12v3h2.5v-4H4zM16 12v3h-2.5v-4H16z",
  sun: "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1",
  moon: "M16 12.2A6.5 6.5 0 0 1 7.8 4a6.5 6.5 0 1 0 8.2 8.2z",
  close: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  keyboard: "M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.5h7",
  list: "M4 6h12M4 10h12M4 14h12",
  people:
    "M7.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 16a4.5 4.5 0 0 1 9 0M13 9.5a2 2 0 1 0 0-4M13.5 12a4 4 0 0 1 3.5 4",
  chart: "M4 3.5v13h12.5M7 13l3-4 2.5 2L16 6.5",
  duck: "M3 6h4M3 10h8M3 14h14M13 4v5M11 7l2 2 2-2",
  back: "M12 5l-5 5 5 5",
  lock: "M5.5 9h9v7h-9zM7.5 9V6.5a2.5 2.5 0 0 1 5 0V9",
} as const;

export type IconName = keyof typeof strokes;

/** A decoration: the control that holds it has the words. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={strokes[name]} />
    </svg>
  );
}
