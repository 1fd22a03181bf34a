/** Why a question to a service got no usable answer, in words for the operator. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status: number | null = null,
    /** The service's own word for what is wrong. */
    readonly code: string | null = null,
    /** Sentences about single fields of what was sent. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** An answer and the tag of its version. */
export interface Tagged<T> {
  value: T;
  tag: string | null;
}

/** Says that what was to be changed has been changed by somebody else meanwhile. */
export const CHANGED_MEANWHILE = 412;

const PATIENCE_MS = 8000;

/** Asks for JSON. Throws a `Failure`, or an `AbortError` when the asker lost interest. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await getTagged<T>(path, signal)).value;
}

/** Asks for JSON together with the tag of its version. */
export async function getTagged<T>(path: string, signal?: AbortSignal): Promise<Tagged<T>> {
  return (await ask(path, { method: 'GET' }, signal)) as Tagged<T>;
}

/** Stores JSON. With a tag only if nobody stored another version since; otherwise the failure is `CHANGED_MEANWHILE`. */
export async function putJson<T>(path: string, body: unknown, tag: string | null): Promise<Tagged<T>> {
  const headers = { 'content-type': 'application/json', ...(tag === null ? {} : { 'if-match': tag }) };
  return (await ask(path, { method: 'PUT', headers, body: JSON.stringify(body) })) as Tagged<T>;
}

/** Asks a service to do something. */
export async function post(path: string): Promise<void> {
  await ask(path, { method: 'POST' });
}

/** What may be said with a request besides its body. */
export interface Manner {
  headers?: Record<string, string>;
  /** How long the answer may take. */
  patienceMs?: number;
  signal?: AbortSignal;
}

/** Sends JSON, or nothing, and returns the answer's JSON; `null` if it has none. */
export async function send<T = unknown>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, manner: Manner = {}): Promise<T> {
  const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...manner.headers };
  const request: RequestInit = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return (await ask(path, request, manner.signal, manner.patienceMs)).value as T;
}

/** Says a failure in one sentence. */
export function words(failure: unknown): string {
  return failure instanceof Failure ? failure.message : 'Something unexpected happened in this page.';
}

/** Tells whether a request ended only because its asker went away. */
export function isAborted(failure: unknown): boolean {
  return failure instanceof DOMException && failure.name === 'AbortError';
}

async function ask(path: string, request: RequestInit, signal?: AbortSignal, patienceMs = PATIENCE_MS): Promise<Tagged<unknown>> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), patienceMs);
  const stop = (): void => limit.abort();
  signal?.addEventListener('abort', stop);
  try {
    const answer = await fetch(path, { ...request, headers: { accept: 'application/json', ...request.headers }, signal: limit.signal });
    const body = await read(answer);
    if (!answer.ok) throw new Failure(told(body) ?? refused(answer.status), answer.status, code(body), fields(body));
    return { value: body, tag: answer.headers.get('etag') };
  } catch (failure) {
    if (failure instanceof Failure || signal?.aborted === true) throw failure;
    throw new Failure(limit.signal.aborted ? 'The service took too long to answer.' : 'The service cannot be reached.');
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

async function read(answer: Response): Promise<unknown> {
  if (!(answer.headers.get('content-type') ?? '').includes('json')) {
    if (answer.status === 202 || answer.status === 204) return null;
    if (answer.ok) throw new Failure('The service gave an answer that this page cannot read.', answer.status);
    return null;
  }
  return answer.json();
}

/** Takes the sentence out of the common error body `{"error": {"code", "message"}}`. */
function told(body: unknown): string | null {
  const message = (body as { error?: { message?: unknown } } | null)?.error?.message;
  return typeof message === 'string' && message !== '' ? message.charAt(0).toUpperCase() + message.slice(1) : null;
}

function code(body: unknown): string | null {
  const code = (body as { error?: { code?: unknown } } | null)?.error?.code;
  return typeof code === 'string' ? code : null;
}

function fields(body: unknown): Record<string, string> {
  const fields = (body as { error?: { fields?: unknown } } | null)?.error?.fields;
  if (typeof fields !== 'object' || fields === null) return {};
  return Object.fromEntries(Object.entries(fields).map(([key, sentence]) => [key, String(sentence)]));
}

function refused(status: number): string {
  if (status === 404) return 'This does not exist any more.';
  if (status === 502 || status === 503 || status === 504) return 'The service is not running or still starting.';
  return `The service refused the request (${status}).`;
}
