/** What a provider on the network needs. */
export interface ProviderOptions {
  readonly key: string;
  /** Where its API is, without a slash at the end; absent means its public one. */
  readonly baseUrl?: string | undefined;
  /** The default voice; absent means this code's choice. */
  readonly voice?: string | undefined;
  readonly model?: string | undefined;
}
