/** What went wrong, in words for a person: a title, what can be done about it, and whether trying again may help. */

export interface Explained {
  title: string;
  text: string;
  retry: boolean;
}

export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 if there was no answer. */
    readonly status: number,
    /** The API's own word for the error, such as `needs_conversion`. */
    readonly code: string,
    message: string,
    /** After how many seconds the server would like to be asked again. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Return the error that an answer is: the API's JSON, DRF's `detail`, or the status alone. */
  static async of(response: Response): Promise<ApiError> {
    const seconds = Number(response.headers.get('Retry-After'));
    const wait = Number.isFinite(seconds) && seconds > 0 ? seconds : null;
    let body: unknown = null;
    try {
      body = await response.json();
    } catch {
      // A proxy's page, or nothing.
    }
    const said = (body ?? {}) as {detail?: unknown; code?: unknown};
    return new ApiError(
      response.status,
      typeof said.code === 'string' ? said.code : '',
      typeof said.detail === 'string' ? said.detail : '',
      wait,
    );
  }

  static unreachable(cause: unknown): ApiError {
    return new ApiError(0, 'unreachable', cause instanceof Error ? cause.message : '');
  }
}

/** An image without a place on the earth, where one is needed. */
export class NotGeoreferenced extends Error {}

/** A browser that draws nothing in three dimensions. */
export class NoWebGL extends Error {}

/** Return what to tell the person in front of the screen. */
export function explain(error: unknown): Explained {
  if (error instanceof NotGeoreferenced) {
    return {
      title: 'No place on the globe',
      text: 'The file does not say where on the earth the image is. The 2D viewer shows it in its own pixels.',
      retry: false,
    };
  }
  if (error instanceof NoWebGL) {
    return {title: 'The globe needs WebGL', text: 'This browser has none, or it is turned off.', retry: true};
  }
  if (!(error instanceof ApiError)) {
    return {
      title: 'The image cannot be shown',
      text: error instanceof Error ? error.message : String(error),
      retry: true,
    };
  }
  const said = error.message;
  switch (error.status) {
    case 0:
      return {title: 'The server does not answer', text: 'Check the connection, then try again.', retry: true};
    case 401:
      return {title: 'Not signed in', text: said || 'Sign in to see this image.', retry: true};
    case 403:
      return {title: 'Not allowed', text: said || 'You may not see this image.', retry: false};
    case 404:
      return {title: 'There is no such image', text: said || 'It may have been removed.', retry: false};
    case 409:
      if (error.code === 'not_a_large_image') {
        return {title: 'Not made a large image', text: said, retry: true};
      }
      return {title: 'The image must be converted first', text: said || 'It is too large to be shown as it is.', retry: false};
    case 415:
    case 422:
      return {title: 'The image cannot be read', text: said || 'The file is broken, or of a kind that is not read here.', retry: false};
    case 429:
      return {title: 'Too many requests', text: said || 'Wait a moment, then try again.', retry: true};
    case 503:
      if (error.code === 'storage_unavailable') {
        return {title: 'The storage does not answer', text: said || 'The image is kept elsewhere, and that place is not reached.', retry: true};
      }
      return {title: 'The server is busy', text: said || 'Try again in a moment.', retry: true};
    default:
      if (error.status >= 500) {
        return {title: 'The server has a fault', text: said || 'Try again later.', retry: true};
      }
      return {title: 'The request was refused', text: said || `The server answered ${error.status}.`, retry: true};
  }
}
