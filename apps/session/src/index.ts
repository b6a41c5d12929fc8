// What standalone may use of the session app.
export { SessionModule } from './session.module.js'
