// A certified OpenID provider on a free port, for tests: every refresh rotates the refresh token, and a used one that
// comes back revokes the whole family. First argument: the folder with node_modules. Prints its address when it is up.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const entry = pathToFileURL(`${process.argv[2]}/node_modules/oidc-provider/lib/index.js`);
const { Provider } = await import(entry);

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const person = async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) });
  const provider = new Provider(issuer, {
    clients: ['client_secret_basic', 'client_secret_post'].map((method) => ({
      client_id: method,
      client_secret: 'secret/with+odd:signs%',
      token_endpoint_auth_method: method,
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1:9/back'],
    })),
    features: { devInteractions: { enabled: true }, clientCredentials: { enabled: true } },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    findAccount: person,
    ttl: { AccessToken: 3600, ClientCredentials: 3600, RefreshToken: 86400, AuthorizationCode: 60, Grant: 86400,
      Session: 86400, Interaction: 600, IdToken: 3600 },
  });
  server.on('request', provider.callback());
  console.log(`listening at ${issuer}`);
});
