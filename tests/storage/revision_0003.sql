BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
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
CREATE TABLE attachment (
	id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	notes JSON NOT NULL, 
	added_at DATETIME NOT NULL, 
	CONSTRAINT pk_attachment PRIMARY KEY (id), 
	CONSTRAINT fk_attachment_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);
INSERT INTO "attachment" VALUES('file-1','conv-file','合同.pdf',3,'["Page 2 is only a scan."]','2026-11-23 12:00:00.000000');
CREATE TABLE attachment_chunk (
	attachment_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	location TEXT NOT NULL, 
	page INTEGER, 
	text TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	"match" JSON NOT NULL, 
	language TEXT NOT NULL, 
	CONSTRAINT pk_attachment_chunk PRIMARY KEY (attachment_id, position), 
	CONSTRAINT fk_attachment_chunk_attachment FOREIGN KEY(attachment_id) REFERENCES attachment (id) ON DELETE CASCADE
);
INSERT INTO "attachment_chunk" VALUES('file-1',0,'第一条','第 1 页',1,'甲方付款。','text','["\u4ed8\u6b3e"]','zh');
CREATE TABLE base_version (
	base TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_base_version PRIMARY KEY (base)
);
INSERT INTO "base_version" VALUES('shop',2);
INSERT INTO "base_version" VALUES('bank',5);
CREATE TABLE chunk (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	base TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	title TEXT NOT NULL, 
	location TEXT NOT NULL, 
	page INTEGER, 
	text TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	"match" JSON NOT NULL, 
	language TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	status TEXT NOT NULL, 
	valid_from DATE, 
	valid_until DATE, 
	CONSTRAINT fk_chunk_document FOREIGN KEY(base, document_id) REFERENCES document (base, id) ON DELETE CASCADE, 
	CONSTRAINT uq_chunk_base_document_id_id UNIQUE (base, document_id, id)
);
INSERT INTO "chunk" VALUES(1,'bank','d2','069d27c27cd6d3ca',0,'rates.md','Rates','Rates',NULL,'Savings earn 2 %.','text','[]','en','','approved',NULL,NULL);
INSERT INTO "chunk" VALUES(2,'bank','d2','069d27c27cd6d3ca-2',1,'rates.md','Rates','Rates',NULL,'Savings earn 2 %.','text','[]','en','','approved',NULL,NULL);
INSERT INTO "chunk" VALUES(3,'bank','d2','f58c7bb9ea209f59',2,'rates.md','怎么开户?','row 3',NULL,'带上身份证。','faq','["\u600e\u4e48\u5f00\u6237?", "\u5982\u4f55\u5f00\u6237"]','zh','','approved','2026-01-01','2026-12-31');
INSERT INTO "chunk" VALUES(4,'shop','d1','9b5beb07768c38e1',0,'手册.md','退货','Returns',NULL,'七天内可退。','faq','["\u80fd\u9000\u5417"]','zh','','approved',NULL,NULL);
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
INSERT INTO "conversation" VALUES('conv-dc20c61a76414b31ba000ff53b658d70','key:key-1/c-7','shop','chat','c-7','我的订单为什么还没发货?','2026-11-23 11:40:56.426159','2026-11-23 11:40:56.442443');
INSERT INTO "conversation" VALUES('conv-file','chat:0123456789abcdef0123456789abcdef','shop','chat',NULL,'','2026-11-23 12:00:00.000000','2026-11-23 12:00:00.000000');
CREATE TABLE "document" (
	base TEXT NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	status TEXT NOT NULL, 
	chunks INTEGER NOT NULL, 
	error TEXT, 
	updated_at DATETIME NOT NULL, 
	notes JSON NOT NULL, 
	columns JSON NOT NULL, 
	CONSTRAINT pk_document PRIMARY KEY (base, id)
);
INSERT INTO "document" VALUES('shop','d1','手册.md',3,'ab','ready',1,NULL,'2026-11-23 12:00:00.000000','[]','{}');
INSERT INTO "document" VALUES('bank','d2','rates.md',9,'cd','ready',3,NULL,'2026-11-23 12:30:00.000000','[]','{}');
INSERT INTO "document" VALUES('bank','d3','scan.pdf',9,'ef','failed',0,'The file is only a scan.','2026-11-23 12:31:00.000000','[]','{}');
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
CREATE TABLE golden (
	id TEXT NOT NULL, 
	line TEXT NOT NULL, 
	question TEXT NOT NULL, 
	base TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	document TEXT NOT NULL, 
	location TEXT NOT NULL, 
	passage_id TEXT NOT NULL, 
	text TEXT NOT NULL, 
	author TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_golden PRIMARY KEY (id), 
	CONSTRAINT uq_golden_line_question UNIQUE (line, question)
);
INSERT INTO "golden" VALUES('g1','shop','能退吗?','shop','d1','手册.md','Returns','c1','七天内可退。','alice','2026-11-23 12:00:00.000000');
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
CREATE TABLE queued_file (
	id TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	base TEXT NOT NULL, 
	name TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	sha256 TEXT NOT NULL, 
	queued_at DATETIME NOT NULL, 
	status TEXT NOT NULL, 
	chunks INTEGER NOT NULL, 
	error TEXT, 
	notes JSON NOT NULL, 
	document_id TEXT, 
	columns JSON NOT NULL, 
	replaces TEXT, 
	actor TEXT NOT NULL, 
	process TEXT, 
	data BLOB, 
	CONSTRAINT pk_queued_file PRIMARY KEY (id), 
	CONSTRAINT uq_queued_file_batch_position UNIQUE (batch, position)
);
INSERT INTO "queued_file" VALUES('q1','b1',0,'shop','waiting.md',3,'ab','2026-11-23 12:00:00.000000','waiting',0,NULL,'[]',NULL,'{}',NULL,'console',NULL,X'616263');
CREATE TABLE "source" (
	turn_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	title TEXT NOT NULL, 
	location TEXT NOT NULL, 
	score FLOAT NOT NULL, 
	text TEXT NOT NULL, 
	document_id TEXT NOT NULL, 
	passage_id TEXT NOT NULL, 
	base TEXT NOT NULL, 
	page INTEGER, 
	CONSTRAINT pk_source PRIMARY KEY (turn_id, position), 
	CONSTRAINT fk_source_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
INSERT INTO "source" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',0,'faq.csv','发货','row 2',0.91,'48 小时内发货','d1','p1','shop',NULL);
INSERT INTO "source" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',1,'faq.csv','发货','row 2',0.91,'48 小时内发货','gone','p1','',NULL);
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
CREATE INDEX ix_turn_asked_at ON turn (asked_at);
CREATE INDEX ix_turn_running ON turn (status) WHERE status = 'running';
CREATE INDEX ix_document_base_sha256 ON document (base, sha256);
CREATE INDEX ix_chunk_findable ON chunk (base, status, "row", document_id);
CREATE INDEX ix_chunk_pairs ON chunk (base, document_id, position) WHERE kind = 'faq';
CREATE INDEX ix_queued_file_waiting ON queued_file (queued_at) WHERE status = 'waiting';
CREATE INDEX ix_attachment_conversation_id ON attachment (conversation_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('chunk',4);
COMMIT;
