// A token server that others wrote, and an API that takes its tokens: `node issuer.mjs`.
//
// Prints its address, then a line of JSON for whatever it was asked. Clients come from the environment
// as JSON in ISSUER_CLIENTS, so that no secret is in a file or an argument. A line on standard input is an
// order: `forget` drops all tokens, `revoke ID` drops a client.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const kept = new Map();
const known = new Map(JSON.parse(process.env.ISSUER_CLIENTS).map((client) => [client.client_id, {
  grant_types: ['client_credentials'], redirect_uris: [], response_types: [], ...client,
}]));

// where the provider keeps what it knows; a test takes things away from under it
class Store {
  constructor(kind) {
    this.map = kind === 'Client' ? known : kept;
  }

  async find(id) {
    return this.map.get(id);
  }

  async upsert(id, payload) {
    this.map.set(id, payload);
  }

  async destroy(id) {
    this.map.delete(id);
  }
}

function told(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    adapter: Store,
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    scopes: ['crm.read'],
    ttl: { ClientCredentials: Number(process.env.ISSUER_SECONDS) },
  });
  provider.on('grant.success', (ctx) => told({
    grant: ctx.oidc.client.clientId, scope: ctx.body.scope, token: ctx.body.access_token,
  }));
  provider.on('grant.error', (ctx, error) => told({ refused: error.message }));
  const oauth = provider.callback();
  server.on('request', async (request, response) => {
    if (!request.url.startsWith('/v1/')) {
      oauth(request, response);
      return;
    }
    const shown = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const token = shown && await provider.ClientCredentials.find(shown);
    const good = Boolean(token?.isValid);
    told({ api: good });
    const body = good ? { client: token.clientId, scope: token.scope ?? null } : { title: 'unauthorized' };
    response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  told({ issuer });
});

createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, id] = line.split(' ');
  if (order === 'revoke') {
    known.delete(id);
  }
  // a client that is gone leaves no tokens
  kept.clear();
  told({ done: line });
}).on('close', () => process.exit(0));
