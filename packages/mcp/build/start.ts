/** The command as it is bundled: what comes first, and then all of it. */
import "./jitless.ts"
import "../src/main.ts"
