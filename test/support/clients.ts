/** The HTTP clients that people use, as layers. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Layer } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as undici from "undici"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"

export interface Client {
  readonly name: string
  readonly layer: Layer.Layer<HttpClient.HttpClient>
  /** What may have been sent over the connection before a change is: the guide says so for each. */
  readonly before: "nothing" | "lists" | "anything"
  /** Does it send a request again by itself when the reply is 421? The standard of fetch says so. */
  readonly sendsAgain: boolean
  /** It does not start on this Node. */
  readonly isSkipped?: boolean
}

export const clients: ReadonlyArray<Client> = [
  { name: "fetch", layer: FetchHttpClient.layer, before: "lists", sendsAgain: true },
  { name: "node:http", layer: NodeHttpClient.layerNodeHttp, before: "nothing", sendsAgain: false },
  {
    name: "node:http with keep-alive",
    layer: NodeHttpClient.layerNodeHttpOptions({ keepAlive: true }),
    before: "anything",
    sendsAgain: false
  },
  { name: "node:http, core's own", layer: NodeHttp.layer, before: "nothing", sendsAgain: false },
  {
    name: "fetch of undici's own",
    layer: FetchHttpClient.layer.pipe(
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, undici.fetch as unknown as typeof fetch))
    ),
    before: "lists",
    sendsAgain: true
  },
  {
    // undici 8, which Effect brings, does not start on anything older.
    name: "undici (Node >= 22.19)",
    layer: NodeHttpClient.layerUndici,
    before: "lists",
    sendsAgain: false,
    isSkipped: process.versions.node.localeCompare("22.19", "en", { numeric: true }) < 0
  }
]
