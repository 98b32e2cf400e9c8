"""Every setting of XiaoQ, from the environment or `.env`. docs/settings.md is checked against this class."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="XIAOQ_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 opens it to the network.")
    port: int = Field(7860, ge=0, le=65535, description="Port to listen on.")
    drain_seconds: float = Field(
        20.0,
        ge=0,
        description="How long open answers may finish after SIGTERM; those still open then end with an error event.",
    )
    connections_per_address: int = Field(
        2048,
        ge=1,
        description="Connections that one address may hold open, this machine and a proxy before XiaoQ included.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that serve the port: one serves everything, each further one programs under /v1.",
    )
    data_dir: Path = Field(Path("data"), description="Where the database, the index and the keys lie.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; unset: SQLite in the data folder."
    )
    engine: Literal["auto", "vllm", "openai", "quoted"] = Field(
        "auto",
        description="Model backend. auto: an engine URL gives openai; a GPU with vLLM installed gives vllm; "
        "else quoted.",
    )
    engine_url: str | None = Field(
        None, description="OpenAI-compatible base URL, such as http://127.0.0.1:8000/v1."
    )
    engine_key: SecretStr | None = Field(None, description="Key for the engine URL.")
    model: str = Field("Qwen/Qwen2.5-7B-Instruct", description="Model to load or to ask the engine URL for.")
    served_model: str = Field("qwen2.5-7b", description="Name under which callers know the model.")
    fallback_url: str | None = Field(
        None, description="A second OpenAI-compatible URL, tried when the first engine fails."
    )
    remote_upstreams: bool = Field(
        False,
        description="Allow engine, fallback, embedding and rerank URLs outside this network: customers' words, "
        "masked, go there.",
    )
    engine_first_token_seconds: float = Field(
        20.0, gt=0, description="Longest wait for an engine's first token before the next engine is tried."
    )
    engine_idle_seconds: float = Field(
        15.0, gt=0, description="Longest silence between two tokens before an answer counts as broken."
    )
    engine_total_seconds: float = Field(
        600.0, gt=0, description="Longest an engine may take for one answer, first token to last."
    )
    engine_concurrency: int = Field(
        256,
        ge=0,
        description="Answers that one engine makes at once; further questions wait, each key's in turn. 0 sets no bound.",
    )
    engine_queue: int = Field(
        512,
        ge=0,
        description="Questions that may wait for an engine; those beyond get 503 with Retry-After.",
    )
    context_tokens: int = Field(
        32768, ge=1024, le=131072, description="The model's window, prompt and answer together, in tokens."
    )
    tokenizer: Path | None = Field(
        None,
        description="The model's tokenizer.json, or a folder that holds it, to count tokens with. Unset: the model's "
        "folder or the Hugging Face cache, if it is there; else tokens are estimated.",
    )
    vllm_yarn: bool = Field(
        False,
        description="Stretch a model over a longer window than it was trained on (YaRN): Qwen2.5 beyond 32,768 tokens, "
        "at a small loss on short prompts.",
    )
    vllm_args: str = Field("", description="Further arguments for `vllm serve`, as on a command line.")
    vllm_quantization: str | None = Field(None, description="Passed to vLLM: awq, gptq, fp8 …")
    vllm_tensor_parallel: int = Field(1, ge=1, description="GPUs that share the model.")
    embedding_model: str | None = Field(
        None,
        description="Embedding model: a sentence-transformers name or folder, or the model at the embedding "
        "URL. Unset: lexical retrieval.",
    )
    embedding_url: str | None = Field(None, description="OpenAI-compatible base URL that serves /embeddings.")
    rerank_url: str | None = Field(
        None,
        description="Base URL that serves /v1/rerank, as vLLM does; the best passages are ordered by it.",
    )
    rerank_model: str | None = Field(None, description="The model to name at the rerank URL.")
    price_prompt: int | None = Field(
        None,
        ge=0,
        description="What a million tokens of prompts cost, in millionths of the currency: 350000 is 0.35. Unset: the "
        "playground shows no cost.",
    )
    price_completion: int | None = Field(None, ge=0, description="The same for tokens of answers.")
    price_currency: str = Field(
        "", description="What prices are in, as it is shown beside them, such as CNY or $."
    )
    master_key: SecretStr | None = Field(
        None, description="32 bytes, base64; unset: made once in the data folder, readable by its owner only."
    )
    new_master_key: SecretStr | None = Field(
        None,
        description="The next master key, for `rotate-key` where XIAOQ_MASTER_KEY holds the present one.",
    )
    operator_password: SecretStr | None = Field(
        None, description="Password of the console; unset: made at each start and printed."
    )
    oidc_issuer: str | None = Field(
        None,
        description="OpenID provider whose people may sign in to the console, such as https://id.example.com.",
    )
    oidc_client_id: str | None = Field(None, description="Client id at the OpenID provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Client secret at the OpenID provider.")
    oidc_role: str | None = Field(
        None,
        description="Role of operators who first come by OpenID; unset: only those with an account or allowed below.",
    )
    oidc_allowed: str = Field(
        "",
        description="Who may come by OpenID without an account: subjects, names or e-mails, comma-separated.",
    )
    open_console: bool = Field(False, description="Serve the console without sign-in (a public demo).")
    api_auth: Literal["auto", "required", "off"] = Field(
        "auto",
        description="auto: calls from this machine pass until the first key is made, from elsewhere a key is "
        "needed.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Redis that counts limits and keeps answers for several machines, such as redis://127.0.0.1:6379; "
        "unset: each machine for itself.",
    )
    customer_requests_per_minute: int | None = Field(
        None, ge=1, description="Requests a minute of each customer whom a caller of /v1 names as `user`."
    )
    customer_requests_per_day: int | None = Field(None, ge=1, description="The same a day.")
    customer_tokens_per_minute: int | None = Field(
        None, ge=1, description="Tokens a minute of each such customer, questions and answers together."
    )
    customer_tokens_per_day: int | None = Field(None, ge=1, description="The same a day.")
    customer_streams: int | None = Field(
        None, ge=1, description="Streamed answers at once to each such customer."
    )
    address_requests_per_minute: int | None = Field(
        None, ge=1, description="Requests a minute of each address that calls /v1; this machine has no limit."
    )
    address_requests_per_day: int | None = Field(None, ge=1, description="The same a day.")
    address_tokens_per_minute: int | None = Field(
        None, ge=1, description="Tokens a minute of each such address, questions and answers together."
    )
    address_tokens_per_day: int | None = Field(None, ge=1, description="The same a day.")
    address_streams: int | None = Field(
        None, ge=1, description="Streamed answers at once to each such address."
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses and networks of proxies in front, comma-separated: who calls is then what they wrote "
        "last into X-Forwarded-For.",
    )
    allowed_hosts: str = Field(
        "*", description="Host headers to answer to, comma-separated; `*` is any well-formed one."
    )
    public_contacts: str = Field(
        "",
        description="Phone numbers, mailboxes and addresses that are the company's own, comma-separated: documents "
        "keep them. What the lines name as their contact is kept anyway.",
    )
    backup_dir: Path | None = Field(
        None, description="Where `backup` writes, and where an erasure renews the keys of the backups."
    )
    snapshot_minutes: int = Field(
        60,
        ge=0,
        description="How often a SQLite database is copied into `snapshots` beside it, which a damaged one is restored "
        "from at start: what is lost then at most; 0 makes no copies.",
    )
    retention_days: int = Field(
        180, ge=0, description="Days conversations are kept; 0 keeps them until they are erased."
    )
    audit_anchor: Path | None = Field(
        None,
        description="File outside the data folder, best on another machine, to which the audit's last number "
        "and digest are appended each hour and at stop.",
    )
    ui_language: Literal["auto", "zh", "en"] = Field(
        "auto", description="Language of the pages; auto follows the browser."
    )
    frequent_answers: bool = Field(
        True,
        description="Give approved answers and cached ones without asking the model; false: every question is searched "
        "and answered anew.",
    )
    default_line: str = Field("general", description="The business line of a question that names none.")

    def resolved_database_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'xiaoq.db').absolute()}"
