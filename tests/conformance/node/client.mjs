// Asks through OpenAI's JavaScript client what the test hands in, and prints what came of it; summary.py makes the
// same of what Python's client gives. It knows nothing of what is right.
import OpenAI from "openai";
import { text } from "node:stream/consumers";

const { url, chat, texts, refused, embeddings, gathered } = JSON.parse(await text(process.stdin));
const client = new OpenAI({ baseURL: url, apiKey: "any", maxRetries: 0 });
const routes = { chat: client.chat.completions, texts: client.completions, embeddings: client.embeddings };
const withUsage = { stream: true, stream_options: { include_usage: true } };

function tokens(logprobs) {
  if (logprobs === null) return [];
  if (logprobs.tokens) return logprobs.tokens;
  return logprobs.content.map((token) => [token.token, token.top_logprobs.length]);
}

function ofWhole(reply) {
  const choices = reply.choices.map((choice) => {
    const message = choice.message ?? { content: choice.text };
    const calls = (message.tool_calls ?? []).map((call) => [
      call.id, call.type, call.function.name, call.function.arguments,
    ]);
    return {
      index: choice.index, content: message.content ?? "", calls, tokens: tokens(choice.logprobs),
      finish_reason: choice.finish_reason,
    };
  });
  return { choices, usage: reply.usage, xiaoq: reply.xiaoq.mode, object: reply.object };
}

async function ofPieces(stream) {
  const whole = {}, choices = [];
  for await (const piece of stream) {
    if (piece.usage) whole.usage = piece.usage;
    if (piece.xiaoq) whole.xiaoq = piece.xiaoq.mode;
    whole.object = piece.object.replace(".chunk", "");
    for (const given of piece.choices) {
      const choice = (choices[given.index] ??= { content: "", calls: [], tokens: [] });
      const delta = given.delta ?? { content: given.text };
      choice.index = given.index;
      choice.finish_reason = given.finish_reason;
      choice.content += delta.content ?? "";
      choice.tokens.push(...tokens(given.logprobs));
      for (const call of delta.tool_calls ?? []) {
        const own = (choice.calls[call.index] ??= ["", "", "", ""]);
        [call.id, call.type, call.function?.name, call.function?.arguments].forEach((said, at) => {
          own[at] += said ?? "";
        });
      }
    }
  }
  return { ...whole, choices };
}

async function both(route, body) {
  const whole = await routes[route].create(body);
  const streamed = await ofPieces(await routes[route].create({ ...body, ...withUsage }));
  return { whole: ofWhole(whole), streamed, request_id: whole._request_id };
}

async function failure({ to, body }) {
  try {
    await routes[to].create(body);
    return null;
  } catch (error) {
    const { status, code, param, requestID } = error;
    return { error: error.constructor.name, status, code, param: param ?? null, request_id: requestID };
  }
}

// The helper that OpenAI ships for streams gathers them itself, and throws at whatever it does not expect.
async function gatheredByItself(body) {
  const final = await client.chat.completions.stream(body).finalChatCompletion();
  return final.choices.map((choice) => ({
    content: choice.message.content ?? "",
    calls: (choice.message.tool_calls ?? []).map((call) => [call.id, call.function.name, call.function.arguments]),
    finish_reason: choice.finish_reason,
  }));
}

async function each(cases, ask) {
  const told = {};
  for (const [name, given] of Object.entries(cases)) told[name] = await ask(given);
  return told;
}

const told = {
  chat: await each(chat, (body) => both("chat", body)),
  texts: await each(texts, (body) => both("texts", body)),
  refused: await each(refused, failure),
  gathered: await each(gathered, gatheredByItself),
  embeddings: await each(embeddings, async (body) => (await client.embeddings.create(body)).data.map((one) => one.embedding)),
  models: (await client.models.list()).data.map((model) => model.id),
};
console.log(JSON.stringify(told));
