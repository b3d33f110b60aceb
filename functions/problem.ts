/** Problems of RFC 9457, and the limits that calls meet. */

/** A function is given 6 MB at most, with the body as a JSON text within. */
export const MOST_BODY_BYTES = 4 * 1024 * 1024;

/** What API Gateway waits for a function. */
export const MOST_CALL_SECONDS = 29;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  504: 'Gateway Timeout',
};

/** Without a status where one answer is for several. */
export function problem(status: number | undefined, detail: string): object {
  return { type: 'about:blank', ...(status !== undefined && { title: TITLES[status], status }), detail };
}
