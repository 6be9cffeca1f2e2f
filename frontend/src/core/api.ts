/** The API of one image: addresses below `src`, request headers, and errors as the server says them. */
import {ApiError} from './errors.ts';
import {NOW, RequestQueue, type Wanted} from './queue.ts';

export type Headers = Record<string, string>;
export type HeadersFrom = () => Headers | Promise<Headers>;
export type Query = Record<string, string | number | boolean | null | undefined>;

/** Return the address of `path` below `src`: with a slash at the end if `src` has one, and with the query of both. */
export function addressOf(src: string, path: string, query: Query = {}, base = document.baseURI): string {
  const url = new URL(src, base);
  const slash = url.pathname.endsWith('/');
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}${slash ? '/' : ''}`;
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  url.hash = '';
  return url.href;
}

/** Return the function that an attribute names, as `headers-from="authHeaders"` or `headers-from="site.auth"` does. */
export function globalFunction(name: string): HeadersFrom {
  let found: unknown = globalThis;
  for (const part of name.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
  if (typeof found !== 'function') throw new Error(`headers-from: there is no global function ${name}`);
  return found as HeadersFrom;
}

export class ImageApi {
  constructor(
    readonly src: string,
    readonly queue: RequestQueue = new RequestQueue(),
    private readonly headersFrom: HeadersFrom | null = null,
  ) {}

  /** Return an absolute address below the image's own. */
  address(path: string, query: Query = {}): string {
    return addressOf(this.src, path, query);
  }

  /** Return the project's request headers; they may be other ones each time, as a token may be renewed. */
  async headers(): Promise<Headers> {
    return this.headersFrom === null ? {} : await this.headersFrom();
  }

  /** Ask for JSON; rejects with `ApiError`. */
  async json<Answer>(path: string, query: Query = {}, signal?: AbortSignal | null): Promise<Answer> {
    return this.queue.add(
      async (own) => (await (await this.request(this.address(path, query), own, 'application/json')).json()) as Answer,
      NOW,
      signal,
    );
  }

  /** Ask for a file; rejects with `ApiError`. */
  async blob(path: string, query: Query = {}, wanted: Wanted = NOW, signal?: AbortSignal | null): Promise<Blob> {
    return this.queue.add(
      async (own) => (await this.request(this.address(path, query), own, '*/*')).blob(),
      wanted,
      signal,
    );
  }

  /** Fetch an address of the API with the project's headers and cookies; rejects with `ApiError`. */
  async request(url: string, signal: AbortSignal, accept: string): Promise<Response> {
    // Outside of what follows: an error of the page's own function is not one of the server.
    const headers = {Accept: accept, ...(await this.headers())};
    let response: Response;
    try {
      // Cookies go along to the page's own site; another one says by CORS whether it wants them.
      const credentials = new URL(url).origin === location.origin ? 'same-origin' : 'omit';
      response = await fetch(url, {headers, signal, credentials});
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw ApiError.unreachable(error);
    }
    if (!response.ok) throw await ApiError.of(response);
    // A page instead of an answer is that of a sign-in, to which the admin and many sites lead whoever is not signed in.
    if (response.headers.get('Content-Type')?.startsWith('text/html')) throw new ApiError(401, 'not_authenticated', '');
    return response;
  }
}
