/** What a person typed or dropped, as the API takes it. */
export type PlayText =
  | { readonly kind: "empty" }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "speech"; readonly text: string };

const withScheme = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i;
const hostAndPath = /^[\w-]+(\.[\w-]+)+(:\d+)?\/\S*$/;

/** Tells a URL from a sentence. A host with a path but no scheme is taken as https. */
export function readPlayText(typed: string): PlayText {
  const text = typed.trim();
  if (text === "") {
    return { kind: "empty" };
  }
  if (withScheme.test(text)) {
    return { kind: "url", url: text };
  }
  return hostAndPath.test(text) ? { kind: "url", url: `https://${text}` } : { kind: "speech", text };
}

/** The first URL of something dropped (`text/uri-list`, RFC 2483) or the text that it is. */
export function readDropped(uriList: string, plain: string): string {
  const first = uriList.split(/\r?\n/).find((line) => line !== "" && !line.startsWith("#"));
  return (first ?? plain).trim();
}
