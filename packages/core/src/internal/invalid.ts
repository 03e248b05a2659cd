/** Input that is refused before anything is sent. */
import { InvalidRequest, TwilioError } from "../TwilioError.ts"

export const invalid = (operation: string, problem: string): TwilioError =>
  new TwilioError({ operation, reason: new InvalidRequest({ problem }) })
