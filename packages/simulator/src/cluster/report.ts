import type { Play, Room } from "./Room.js";

/** A sound is lost when less than this part of it was heard. */
const LOST_PART = 0.1;
/** It is cut when more of it than this was not heard, in ms. */
const CUT_MS = 100;
/** More of it than this, heard again, is a sound played twice, in ms: what a recovery repeats is less. */
const TWICE_MS = 1_000;

/** What one room's listener and app got, over the whole run. */
export interface RoomReport {
  readonly room: string;
  readonly plays: number;
  readonly silenceAtWorstMs: number;
  readonly missingAtWorstMs: number;
  readonly soundsLost: number;
  /** Of those that were heard: not whole, though the media's own servers were there all the time. */
  readonly soundsCut: number;
  readonly soundsTwice: number;
  readonly responsesMissing: number;
  readonly responsesWrong: number;
}

export function roomReport(room: Room, soundMs: number): RoomReport {
  const { plays } = room;
  const count = (is: (play: Play) => boolean) => plays.filter(is).length;
  const worst = (of: (play: Play) => number) =>
    Math.round(plays.reduce((max, play) => Math.max(max, of(play)), 0));
  return {
    room: room.userId,
    plays: plays.length,
    silenceAtWorstMs: worst(({ heard }) => heard.silenceMs),
    missingAtWorstMs: worst(({ heard }) => heard.lostMs),
    soundsLost: count(({ heard }) => heard.lostMs > soundMs * (1 - LOST_PART)),
    soundsCut: count(({ heard, mediaGoes }) => !mediaGoes && heard.lostMs > CUT_MS),
    soundsTwice: count(({ heard, asked }) => heard.twiceMs > TWICE_MS || asked > 1),
    responsesMissing: count(({ response }) => response === null),
    responsesWrong: count(({ response }) => response !== null && !isRight(response, soundMs)),
  };
}

/** What the app was told is what the glasses played: the whole sound. */
function isRight(
  { success, duration }: { success: boolean; duration?: number | undefined },
  soundMs: number,
): boolean {
  return success && Math.abs((duration ?? 0) * 1000 - soundMs) < 100;
}

export function isGood(report: RoomReport): boolean {
  const { soundsLost, soundsCut, soundsTwice, responsesMissing, responsesWrong } = report;
  return soundsLost + soundsCut + soundsTwice + responsesMissing + responsesWrong === 0;
}

/** One line a phase: how it was for the room that had it worst. */
export function phaseLine(name: string, plays: readonly Play[]): string {
  const worst = (of: (play: Play) => number) => plays.reduce((max, play) => Math.max(max, of(play)), 0);
  const failed = plays.filter(({ response }) => response?.success !== true).length;
  return [
    name.padEnd(46),
    `silence ${ms(worst(({ heard }) => heard.silenceMs))}`,
    `missing ${ms(worst(({ heard }) => heard.lostMs))}`,
    `twice ${ms(worst(({ heard }) => heard.twiceMs))}`,
    `responses ${plays.length - failed}/${plays.length}`,
  ].join("  ");
}

export function roomTable(reports: readonly RoomReport[]): string {
  const head =
    "room       plays  silence at worst  missing at worst  lost   cut  twice  responses missing  wrong";
  const lines = reports.map((r) =>
    [
      r.room.split("@")[0]?.padEnd(9),
      String(r.plays).padStart(6),
      `${r.silenceAtWorstMs} ms`.padStart(17),
      `${r.missingAtWorstMs} ms`.padStart(17),
      String(r.soundsLost).padStart(5),
      String(r.soundsCut).padStart(5),
      String(r.soundsTwice).padStart(6),
      String(r.responsesMissing).padStart(18),
      String(r.responsesWrong).padStart(6),
    ].join(" "),
  );
  return [head, ...lines].join("\n");
}

function ms(value: number): string {
  return `${Math.round(value)} ms`.padStart(8);
}
