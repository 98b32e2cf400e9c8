BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE api_key (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	line TEXT, 
	digest BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_used_at DATETIME, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_key PRIMARY KEY (id), 
	CONSTRAINT uq_api_key_digest UNIQUE (digest)
);
INSERT INTO "api_key" VALUES('key-ae2a2bc840cb4b97af7f8fdde91e3ffa','crm','caller','shop',X'8BCAE3F67C734C5BDEAD422F0A61BA934FABD5087E29884BF0E839440ED145E6','2026-11-23 11:40:56.451716',NULL,NULL);
CREATE TABLE base_version (
	base TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_base_version PRIMARY KEY (base)
);
INSERT INTO "base_version" VALUES('shop',1);
INSERT INTO "base_version" VALUES('bank',4);
CREATE TABLE chunk (
	base TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	title TEXT NOT NULL, 
	location TEXT NOT NULL, 
	text TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	"match" JSON NOT NULL, 
	language TEXT NOT NULL, valid_from DATE, valid_until DATE, 
	CONSTRAINT pk_chunk PRIMARY KEY (base, document_id, id), 
	CONSTRAINT fk_chunk_document FOREIGN KEY(base, document_id) REFERENCES document (base, id) ON DELETE CASCADE
);
INSERT INTO "chunk" VALUES('shop','d1','c1',0,'手册.md','退货','Returns','七天内可退。','faq','["\u80fd\u9000\u5417"]','zh',NULL,NULL);
INSERT INTO "chunk" VALUES('bank','d2','d2-0',0,'rates.md','Rates','Rates','Savings earn 2 %.','text','[]','en',NULL,NULL);
INSERT INTO "chunk" VALUES('bank','d2','d2-1',1,'rates.md','Rates','Rates','Savings earn 2 %.','text','[]','en',NULL,NULL);
INSERT INTO "chunk" VALUES('bank','d2','d2-2',2,'rates.md','怎么开户?','row 3','带上身份证。','faq','["怎么开户?","如何开户"]','zh','2026-01-01','2026-12-31');
CREATE TABLE conversation (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	line TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	customer TEXT, 
	title TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_conversation PRIMARY KEY (id)
);
INSERT INTO "conversation" VALUES('conv-dc20c61a76414b31ba000ff53b658d70','chat:me','shop','chat',NULL,'我的订单为什么还没发货?','2026-11-23 11:40:56.426159','2026-11-23 11:40:56.442443');
CREATE TABLE document (
	base TEXT NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	status TEXT NOT NULL, 
	chunks INTEGER NOT NULL, 
	error TEXT, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_document PRIMARY KEY (base, id)
);
INSERT INTO "document" VALUES('shop','d1','手册.md',3,'ab','ready',1,NULL,'2026-11-23 12:00:00.000000');
INSERT INTO "document" VALUES('bank','d2','rates.md',9,'cd','ready',3,NULL,'2026-11-23 12:30:00.000000');
INSERT INTO "document" VALUES('bank','d3','scan.pdf',9,'ef','failed',0,'The file is only a scan.','2026-11-23 12:31:00.000000');
CREATE TABLE document_blob (
	base TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_document_blob PRIMARY KEY (base, document_id), 
	CONSTRAINT fk_document_blob_document FOREIGN KEY(base, document_id) REFERENCES document (base, id) ON DELETE CASCADE
);
INSERT INTO "document_blob" VALUES('shop','d1',X'616263');
CREATE TABLE feedback (
	turn_id TEXT NOT NULL, 
	score INTEGER NOT NULL, 
	comment TEXT NOT NULL, 
	rated_at DATETIME NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (turn_id), 
	CONSTRAINT fk_feedback_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
INSERT INTO "feedback" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',-1,'too long','2026-11-23 11:40:56.440628');
CREATE TABLE line (
	id TEXT NOT NULL, 
	names JSON NOT NULL, 
	bases JSON NOT NULL, 
	persona TEXT, 
	greeting JSON NOT NULL, 
	suggestions JSON NOT NULL, 
	contact JSON NOT NULL, 
	archived BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_line PRIMARY KEY (id)
);
INSERT INTO "line" VALUES('shop','{"zh": "\u5546\u57ce", "en": "Shop"}','["shop", "shared"]','Be brief.','{"zh": "\u60a8\u597d"}','{"zh": ["\u8fd0\u8d39\u591a\u5c11?"]}','{"en": "Call us."}',0,'2026-11-23 11:40:56.422351','2026-11-23 11:40:56.422351');
CREATE TABLE source (
	turn_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	title TEXT NOT NULL, 
	location TEXT NOT NULL, 
	score FLOAT NOT NULL, 
	text TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	passage_id TEXT NOT NULL, 
	CONSTRAINT pk_source PRIMARY KEY (turn_id, position), 
	CONSTRAINT fk_source_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
INSERT INTO "source" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',0,'faq.csv','发货','row 2',0.91,'48 小时内发货','d1','p1');
INSERT INTO "source" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',1,'faq.csv','发货','row 2',0.91,'48 小时内发货','gone','p1');
CREATE TABLE timing (
	turn_id TEXT NOT NULL, 
	step TEXT NOT NULL, 
	milliseconds INTEGER NOT NULL, 
	CONSTRAINT pk_timing PRIMARY KEY (turn_id, step), 
	CONSTRAINT fk_timing_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
INSERT INTO "timing" VALUES('turn-a79b9dc0b0944e3da060857acd43c171','total',40);
INSERT INTO "timing" VALUES('turn-a79b9dc0b0944e3da060857acd43c171','retrieve',12);
CREATE TABLE turn (
	id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	asked_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	channel TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	question TEXT NOT NULL, 
	replaces TEXT, 
	set_aside BOOLEAN NOT NULL, 
	status TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	mode TEXT, 
	language TEXT NOT NULL, 
	engine TEXT NOT NULL, 
	finish_reason TEXT, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	usage_estimated BOOLEAN, 
	handoff_reason TEXT, 
	handoff_contact TEXT, 
	error TEXT, 
	CONSTRAINT pk_turn PRIMARY KEY (id), 
	CONSTRAINT fk_turn_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE, 
	CONSTRAINT uq_turn_conversation_id_position UNIQUE (conversation_id, position)
);
INSERT INTO "turn" VALUES('turn-a79b9dc0b0944e3da060857acd43c171','conv-dc20c61a76414b31ba000ff53b658d70',0,'2026-11-23 11:40:56.426159','2026-11-23 11:40:56.435866','chat','r-1','我的订单为什么还没发货?',NULL,0,'done','付款后 48 小时内发货。','quoted','zh','quoted','stop',10,5,1,'asked','400-000-0000',NULL);
INSERT INTO "turn" VALUES('turn-57bab074eee24d0084c783bcf90bea44','conv-dc20c61a76414b31ba000ff53b658d70',1,'2026-11-23 11:40:56.442443',NULL,'chat','r-1','And when?',NULL,0,'running','',NULL,'','',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX ix_conversation_owner_updated_at ON conversation (owner, updated_at);
CREATE INDEX ix_conversation_updated_at ON conversation (updated_at);
CREATE INDEX ix_document_base_sha256 ON document (base, sha256);
CREATE INDEX ix_turn_asked_at ON turn (asked_at);
CREATE INDEX ix_turn_running ON turn (status) WHERE status = 'running';
COMMIT;
