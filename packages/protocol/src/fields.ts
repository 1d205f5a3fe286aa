import { z } from "zod";

/** Longest text of one wire message, in bytes: beyond it a receiver answers `too_large`. */
export const maxMessageBytes = 64 * 1024;

/** Name of one play request; chosen by the app, unique on its connection. */
export const RequestIdSchema = z.string().min(1).max(128);

/** Linear volume: 0 is silence, 1 is the sound as it is. Absent means 1. */
export const VolumeSchema = z.number().min(0).max(1);

/** Layer of the published track: 0 speaker, 1 app audio, 2 speech. Absent means 0. */
export const TrackIdSchema = z.number().int().min(0).max(2);

/** A length or position of sound in ms of media time. */
export const MillisecondsSchema = z
  .number()
  .min(0)
  .max(24 * 3600 * 1000);

/** Samples a second, in Hz. */
export const SampleRateSchema = z.number().int().min(8000).max(192000);
