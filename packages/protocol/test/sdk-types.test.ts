import type * as Sdk from "@mentra/sdk";
import { describe, expectTypeOf, it } from "vitest";
import type {
  AppConnectionInit,
  AppToCloud,
  AudioPlayRequest,
  AudioStopRequest,
  appTypesOfOthers,
  CloudToApp,
  CloudToGlasses,
  GlassesToCloud,
  glassesTypesOfOthers,
  WebhookRequest,
} from "../src/index.js";

/** What a value looks like after JSON: dates are text, enums their literals, `undefined` is absent. */
type OnTheWire<T> = T extends Date
  ? string
  : T extends string
    ? `${T}`
    : T extends readonly (infer E)[]
      ? OnTheWire<E>[]
      : T extends object
        ? { [K in keyof T]: OnTheWire<T[K]> }
        : T;

type Sent<T extends { type: string }, K extends T["type"]> = Extract<T, { type: K }>;

describe("PR-3 the app's wire is the SDK's", () => {
  it("every field the SDK sends is taken, with its type", () => {
    expectTypeOf<OnTheWire<Sdk.AppConnectionInit>>().toExtend<AppConnectionInit>();
    expectTypeOf<keyof Sdk.AudioPlayResponse>().toEqualTypeOf<
      keyof Extract<CloudToApp, { type: "audio_play_response" }>
    >();
    expectTypeOf<keyof SdkPlay>().toEqualTypeOf<keyof AudioPlayRequest>();
    expectTypeOf<OnTheWire<SdkPlay>>().toExtend<AudioPlayRequest>();
    expectTypeOf<keyof SdkStop>().toEqualTypeOf<keyof AudioStopRequest>();
    expectTypeOf<OnTheWire<SdkStop>>().toExtend<AudioStopRequest>();
  });

  it("every answer is what the SDK reads", () => {
    expectTypeOf<Sent<CloudToApp, "audio_play_response">>().toExtend<OnTheWire<Sdk.AudioPlayResponse>>();
    expectTypeOf<Sent<CloudToApp, "tpa_connection_error">>().toExtend<OnTheWire<Sdk.AppConnectionError>>();
    expectTypeOf<Sent<CloudToApp, "app_stopped">>().toExtend<OnTheWire<Sdk.AppStopped>>();
    expectTypeOf<keyof Extract<CloudToApp, { type: "tpa_connection_ack" }>>().toExtend<
      keyof Sdk.AppConnectionAck
    >();
  });

  it("the webhooks are those that the SDK's server takes", () => {
    expectTypeOf<Sent<WebhookRequest, "session_request">>().toExtend<OnTheWire<Sdk.SessionWebhookRequest>>();
    expectTypeOf<Sent<WebhookRequest, "stop_request">>().toExtend<OnTheWire<Sdk.StopWebhookRequest>>();
  });

  it("the glasses' side has the published shapes", () => {
    expectTypeOf<Sent<CloudToGlasses, "connection_ack">>().toExtend<OnTheWire<Sdk.ConnectionAck>>();
    expectTypeOf<Sent<CloudToGlasses, "audio_play_request">>().toExtend<OnTheWire<SdkPlayToGlasses>>();
    expectTypeOf<Sent<CloudToGlasses, "audio_stop_request">>().toExtend<OnTheWire<SdkStopToGlasses>>();
    expectTypeOf<Sent<CloudToGlasses, "livekit_info">>().toExtend<OnTheWire<Sdk.LiveKitInfo>>();
    expectTypeOf<Sent<CloudToGlasses, "auth_error">>().toExtend<OnTheWire<Sdk.AuthError>>();
  });

  it("every message type that exists is either ours or known to be others'", () => {
    type OurApp = AppToCloud["type"] | (typeof appTypesOfOthers)[number];
    type OurGlasses = GlassesToCloud["type"] | (typeof glassesTypesOfOthers)[number];
    expectTypeOf<`${Sdk.AppToCloudMessageType}`>().toEqualTypeOf<OurApp>();
    expectTypeOf<`${Sdk.GlassesToCloudMessageType}`>().toEqualTypeOf<OurGlasses>();
  });
});

type SdkPlay = Extract<Sdk.AppToCloudMessage, { type: Sdk.AppToCloudMessageType.AUDIO_PLAY_REQUEST }>;
type SdkStop = Extract<Sdk.AppToCloudMessage, { type: Sdk.AppToCloudMessageType.AUDIO_STOP_REQUEST }>;
type SdkPlayToGlasses = Extract<
  Sdk.CloudToGlassesMessage,
  { type: Sdk.CloudToGlassesMessageType.AUDIO_PLAY_REQUEST }
>;
type SdkStopToGlasses = Extract<
  Sdk.CloudToGlassesMessage,
  { type: Sdk.CloudToGlassesMessageType.AUDIO_STOP_REQUEST }
>;
