// Where things are. The server writes the base path (--base-path) into the pages'
// <base href>, always with a slash at its end; every address is made from there.

/** The path below which everything is served: "/" or "/some/prefix/". */
export const basePath = new URL(document.baseURI).pathname

/** Where GraphQL is spoken over HTTP, event streams included. */
export const graphqlURL = new URL('graphql', document.baseURI).href

/** Where GraphQL is spoken over WebSockets. */
export const socketURL = graphqlURL.replace(/^http/, 'ws')
