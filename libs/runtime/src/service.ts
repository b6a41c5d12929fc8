export * from '#libs/service'
