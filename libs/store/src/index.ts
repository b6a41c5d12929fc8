// What other rooms may use of the store: the port, the embedded adapter, the memory adapter.
export type { KeptSessionStore, MessagePage, SessionPartition, StoreChange } from './kept-session-store.js'
export { messagesKey, sessionKey, subscriptionsKey } from './keys.js'
export { openEmbeddedStore } from './embedded/embedded-store.js'
export { MemoryStore } from './memory/memory-store.js'
