/**
 * Must come first: tells zod, before the SDK makes its schemas, not to compile them. Each is used a few times at the start,
 * where compiling costs more than it saves, and makes no difference in the calls.
 */
import { config } from "zod/v4/core"

config({ jitless: true })
