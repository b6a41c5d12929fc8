// What standalone may use of the auth app.
export { AuthModule } from './auth.module.js'
