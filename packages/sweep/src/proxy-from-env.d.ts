declare module "proxy-from-env" {
  /** The proxy for this URL by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; `""` is none. */
  export function getProxyForUrl(url: string): string
}
