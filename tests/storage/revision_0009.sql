BEGIN TRANSACTION;
CREATE TABLE account (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	line TEXT, 
	password TEXT, 
	oidc TEXT, 
	created_at DATETIME NOT NULL, 
	disabled_at DATETIME, 
	last_sign_in_at DATETIME, 
	failures INTEGER NOT NULL, 
	locked_until DATETIME, 
	CONSTRAINT pk_account PRIMARY KEY (id), 
	CONSTRAINT uq_account_name UNIQUE (name), 
	CONSTRAINT uq_account_oidc UNIQUE (oidc)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0009');
CREATE TABLE api_key (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	line TEXT, 
	digest BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	last_used_at DATETIME, 
	revoked_at DATETIME, expires_at DATETIME, scopes TEXT DEFAULT '' NOT NULL, requests_per_minute BIGINT, requests_per_day BIGINT, tokens_per_minute BIGINT, tokens_per_day BIGINT, streams BIGINT, token_budget BIGINT, tokens_used BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_api_key PRIMARY KEY (id), 
	CONSTRAINT uq_api_key_digest UNIQUE (digest)
);
INSERT INTO "api_key" VALUES('key-ae2a2bc840cb4b97af7f8fdde91e3ffa','crm','caller','shop',X'8BCAE3F67C734C5BDEAD422F0A61BA934FABD5087E29884BF0E839440ED145E6','2026-11-23 11:40:56.451716',NULL,NULL,NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,0);
CREATE TABLE "attachment" (
	id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	added_at DATETIME NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_attachment PRIMARY KEY (id), 
	CONSTRAINT fk_attachment_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);
INSERT INTO "attachment" VALUES('file-1','conv-file',3,'2026-11-23 12:00:00.000000',X'01C7471A9657490C784B43884247DDE17ED0824979028C3453DD544CF37E9661ADFF599DA1038C14F2866E040FE7279A11B313C59D29F490D105AF0C7A65B94E02C50960F33A');
CREATE TABLE "attachment_chunk" (
	attachment_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	page INTEGER, 
	kind TEXT NOT NULL, 
	language TEXT NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_attachment_chunk PRIMARY KEY (attachment_id, position), 
	CONSTRAINT fk_attachment_chunk_attachment FOREIGN KEY(attachment_id) REFERENCES attachment (id) ON DELETE CASCADE
);
INSERT INTO "attachment_chunk" VALUES('file-1',0,1,'text','zh',X'01FCD5A301D8D389E0A76AFBDEDF1DC895C234A115EAD6BA70591C8EC11EFED3593BC5EFCBA24604218BF36EFA3CACC8BEC4D2FEBE1155563A7E9CFA04F22D6239756E11254852BDDDFF69375ADD45B1A02A74');
CREATE TABLE audit (
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor TEXT NOT NULL, 
	act TEXT NOT NULL, 
	object TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	detail JSON NOT NULL, 
	digest BLOB NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (number)
);
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
CREATE TABLE "conversation" (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	line TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	customer BLOB, 
	title BLOB NOT NULL, 
	customer_hash BLOB, 
	members BLOB NOT NULL, 
	seal BLOB NOT NULL, prompt_version INTEGER, 
	CONSTRAINT pk_conversation PRIMARY KEY (id), 
	CONSTRAINT fk_conversation_subject FOREIGN KEY(owner) REFERENCES subject (owner) ON DELETE CASCADE
);
INSERT INTO "conversation" VALUES('conv-dc20c61a76414b31ba000ff53b658d70','key:key-1/~piqdyxl5oef67jy6zlftwd5rr5fjvkp7','shop','chat','2026-11-23 11:40:56.426159','2026-11-23 11:40:56.442443',X'01A0536CF7F906FBAD268D5EF1131D0ED08A8597988FB50155462009F1953218',X'013EE98B9A9126B5569B82A066C13B14589DB88007F894C010B31BD28A4CE67467A859AAD3DAF32BA65B6D9880D9E8476C30487DFEC378F7DE9C81E1B3C874',X'3C5F4FD30C5DC351681ECB0DFD6727CA84290E6D33D203D25DE50318FA5D64C8',X'C7172FFF4532AFE7B07092C10BB0EE796803482DE370620FABDF5F4C4518A448',X'B1CF9E2C9B18097AEA692DBD9167266BB4CAA080CD425B18C50B77CA25733565',NULL);
INSERT INTO "conversation" VALUES('conv-file','chat:~vakqvclrrm226opchwt5b5lloohopgje','shop','chat','2026-11-23 12:00:00.000000','2026-11-23 12:00:00.000000',NULL,X'01498647B1DD6DD091CB62860819C3DB188ADA598DB98A11CC1899B762',NULL,X'99ACCD11E80EB7E753A2291A1909CA76BA4814FE25C1302184F4AF77D48FD868',X'AFF39CBD28C63295CDECC4E02B19B4C3B2B835A51EF79A90236AB30E5A4FCDBE',NULL);
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
INSERT INTO "document_blob" VALUES('shop','d1',X'01FF3DB0212E7B8B64504DF21C8454B3D28728FB280388BB5EF4401C2058687C');
CREATE TABLE evaluation (
	id TEXT NOT NULL, 
	line TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	"before" JSON NOT NULL, 
	"after" JSON NOT NULL, 
	status TEXT NOT NULL, 
	total INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	process TEXT, 
	created_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	error TEXT, 
	summary JSON NOT NULL, 
	CONSTRAINT pk_evaluation PRIMARY KEY (id)
);
CREATE TABLE evaluation_result (
	evaluation_id TEXT NOT NULL, 
	side TEXT NOT NULL, 
	golden_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	question TEXT NOT NULL, 
	language TEXT NOT NULL, 
	passed BOOLEAN NOT NULL, 
	failures JSON NOT NULL, 
	answer TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	documents JSON NOT NULL, 
	milliseconds INTEGER NOT NULL, 
	first_token INTEGER, 
	judge JSON NOT NULL, 
	CONSTRAINT pk_evaluation_result PRIMARY KEY (evaluation_id, side, golden_id), 
	CONSTRAINT fk_evaluation_result_evaluation FOREIGN KEY(evaluation_id) REFERENCES evaluation (id) ON DELETE CASCADE
);
CREATE TABLE experiment (
	id TEXT NOT NULL, 
	line TEXT NOT NULL, 
	champion INTEGER NOT NULL, 
	challenger INTEGER NOT NULL, 
	share FLOAT NOT NULL, 
	minimum INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	started_by TEXT NOT NULL, 
	ended_at DATETIME, 
	outcome JSON NOT NULL, 
	CONSTRAINT pk_experiment PRIMARY KEY (id)
);
CREATE TABLE "feedback" (
	turn_id TEXT NOT NULL, 
	score INTEGER NOT NULL, 
	rated_at DATETIME NOT NULL, 
	comment BLOB NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (turn_id), 
	CONSTRAINT fk_feedback_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
INSERT INTO "feedback" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',-1,'2026-11-23 11:40:56.440628',X'01FBB6D17EA6369F528B0C1B553B9E820F47DCF0E7195C50528D9F76EDD550BA17951F6919');
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
	created_at DATETIME NOT NULL, expected JSON DEFAULT '{}' NOT NULL, reference TEXT DEFAULT '' NOT NULL, origin TEXT DEFAULT 'bench' NOT NULL, language TEXT DEFAULT 'und' NOT NULL, 
	CONSTRAINT pk_golden PRIMARY KEY (id), 
	CONSTRAINT uq_golden_line_question UNIQUE (line, question)
);
INSERT INTO "golden" VALUES('g1','shop','能退吗?','shop','d1','手册.md','Returns','c1','七天内可退。','alice','2026-11-23 12:00:00.000000','{}','','bench','und');
CREATE TABLE golden_proposal (
	id TEXT NOT NULL, 
	line TEXT NOT NULL, 
	question TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	turn_id TEXT, 
	expected JSON NOT NULL, 
	reference TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	comment TEXT NOT NULL, 
	author TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_golden_proposal PRIMARY KEY (id), 
	CONSTRAINT fk_golden_proposal_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE, 
	CONSTRAINT uq_golden_proposal_line_question UNIQUE (line, question)
);
CREATE TABLE key_ring (
	name TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	master TEXT NOT NULL, 
	wrapped BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_key_ring PRIMARY KEY (name, version, master)
);
INSERT INTO "key_ring" VALUES('kek',1,'fa7efd52b09d49e0',X'01254266446DEF3996706EABD560A99F6A72CE02B4BC9DB20E3E45079524510B321791B6E97F6F9654823AFC3110A6DEE6B9D28D06F7AE4F5B7E96EA56','2026-11-26 04:24:39.850215');
INSERT INTO "key_ring" VALUES('api-keys',1,'fa7efd52b09d49e0',X'0172996A3FFAA5C71A4F232D8DE1B74E22EC3D77DB7F2AA146379322078AA7A7A9C924F0091AD3887F8CAF0AAE8FA9E8B7FC5EC597DC7E1BC3DA34028A','2026-11-26 04:24:39.850215');
INSERT INTO "key_ring" VALUES('sessions',1,'fa7efd52b09d49e0',X'0119B65EFAB6D0DC93CE47200566E5C4B5D9D40DB002984C8855F7870DB05D5DA677FECFEE75500A0E55400576753C926FD54753C75D45FE3BC02E2E6C','2026-11-26 04:24:39.850215');
INSERT INTO "key_ring" VALUES('subjects',1,'fa7efd52b09d49e0',X'01CDF5FD3FEBF24C570C144D509D948CB08AEDF2A1ADC04F6736AE66EB57AB7FFBA0309BCC8BF2635FD131F0C8D622A0EBD4E64E41C88417E5AA7B6787','2026-11-26 04:24:39.850215');
INSERT INTO "key_ring" VALUES('audit',1,'fa7efd52b09d49e0',X'0131D2F326B2B623D5C82AF6C4DBE5934775A9208877D29C2EAFDEE20EE64AAE8CABD81CC4DC355407C6511A3AD22FE7DED0E0ADB3B9150E79AC054795','2026-11-26 04:24:39.850215');
INSERT INTO "key_ring" VALUES('documents',1,'fa7efd52b09d49e0',X'0197DC317EC0A5E48514045DBF4AE775CD94CDB3BBD3042122860E1C99CCDAA14FCC9EAFEFED895681BF2C1BAED6669633ADA2BE5CE2AF5FE4F592F28D','2026-11-26 04:24:39.850215');
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
	updated_at DATETIME NOT NULL, languages JSON DEFAULT '{}' NOT NULL, glossary JSON DEFAULT '[]' NOT NULL, hours JSON DEFAULT '{}' NOT NULL, time_zone TEXT DEFAULT 'UTC' NOT NULL, handoff JSON DEFAULT '{}' NOT NULL, generation JSON DEFAULT '{}' NOT NULL, frequent JSON DEFAULT '{}' NOT NULL, version INTEGER DEFAULT '0' NOT NULL, live_prompt INTEGER, 
	CONSTRAINT pk_line PRIMARY KEY (id)
);
INSERT INTO "line" VALUES('shop','{"zh": "\u5546\u57ce", "en": "Shop"}','["shop", "shared"]','Be brief.','{"zh": "\u60a8\u597d"}','{"zh": ["\u8fd0\u8d39\u591a\u5c11?"]}','{"en": "Call us."}',0,'2026-11-23 11:40:56.422351','2026-11-23 11:40:56.422351','{}','[]','{}','UTC','{}','{}','{}',0,NULL);
CREATE TABLE prompt_version (
	line TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	texts JSON NOT NULL, 
	parameters JSON NOT NULL, 
	status TEXT NOT NULL, 
	note TEXT NOT NULL, 
	author TEXT NOT NULL, 
	parent INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	published_at DATETIME, 
	follows INTEGER, 
	CONSTRAINT pk_prompt_version PRIMARY KEY (line, version)
);
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
INSERT INTO "queued_file" VALUES('q1','b1',0,'shop','waiting.md',3,'ab','2026-11-23 12:00:00.000000','waiting',0,NULL,'[]',NULL,'{}',NULL,'console',NULL,X'013E35432844F9BF4C293848F095D7CE6882013814B06316219EE482864F5886');
CREATE TABLE refused_answer (
	"key" BLOB NOT NULL, 
	line TEXT NOT NULL, 
	turn_id TEXT, 
	refused_at DATETIME NOT NULL, 
	CONSTRAINT pk_refused_answer PRIMARY KEY ("key"), 
	CONSTRAINT fk_refused_answer_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE SET NULL
);
CREATE TABLE seal_total (
	writer TEXT NOT NULL, 
	amount BLOB NOT NULL, 
	digest BLOB NOT NULL, 
	CONSTRAINT pk_seal_total PRIMARY KEY (writer)
);
INSERT INTO "seal_total" VALUES('98601ffdbba74d',X'61C33AE9C3DE3C10B855F29DBC80DB2F6782D625EC39F5A8E8762AD87FC30323',X'E6D36AD49DC6F2B9D597823004A98CCCCA11556177A8A6B5882A67741B398C4A');
CREATE TABLE session (
	digest BLOB NOT NULL, 
	account_id TEXT, 
	begun_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_session PRIMARY KEY (digest), 
	CONSTRAINT fk_session_account FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
);
CREATE TABLE "source" (
	turn_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	score FLOAT NOT NULL, 
	document_id TEXT NOT NULL, 
	passage_id TEXT NOT NULL, 
	base TEXT NOT NULL, 
	page INTEGER, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_source PRIMARY KEY (turn_id, position), 
	CONSTRAINT fk_source_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
INSERT INTO "source" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',0,0.91,'d1','p1','shop',NULL,X'0145A7F03EB5EB5DDA54CD17FFAD068370488F246471A591002ACF5C699CA7020C245AFFC4B1886E9656610D05F9D2EB361B123C0E5068E5550513415F751AEDB7DEC7961C5B09CC1926BBDB82DA');
INSERT INTO "source" VALUES('turn-a79b9dc0b0944e3da060857acd43c171',1,0.91,'gone','p1','',NULL,X'010A1C143F8387107F5EABF41C77A363C693B9CF9D12D68BACA084D8E531B5F460EBF958006428D446935E32F032FAF94C315EA08EEB333A3A5B263CC12B034A3BE50F76EAD3CEBAB25230969506');
CREATE TABLE subject (
	owner TEXT NOT NULL, 
	kek_version INTEGER NOT NULL, 
	wrapped BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_subject PRIMARY KEY (owner)
);
INSERT INTO "subject" VALUES('key:key-1/~piqdyxl5oef67jy6zlftwd5rr5fjvkp7',1,X'011F10DF0E4757B66CFD6F1FAFAADF7826FAADA29467D7100C627B88A566B00191873D7BF5CEB1CE45712E18ACDB8DF002D711A448E4AC30AA060E8E0B','2026-11-26 04:24:39.892663');
INSERT INTO "subject" VALUES('chat:~vakqvclrrm226opchwt5b5lloohopgje',1,X'01C72111DBD31C37B182DAA2A09A539886D6905C5375BDEE71739C871634ED8E5C2B92BD290BC04E9A2090FBD9F470E05C29F34B4BB89724431F214F0B','2026-11-26 04:24:40.089468');
CREATE TABLE timing (
	turn_id TEXT NOT NULL, 
	step TEXT NOT NULL, 
	milliseconds INTEGER NOT NULL, 
	CONSTRAINT pk_timing PRIMARY KEY (turn_id, step), 
	CONSTRAINT fk_timing_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
CREATE TABLE "turn" (
	id TEXT NOT NULL, 
	conversation_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	asked_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	channel TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	replaces TEXT, 
	set_aside BOOLEAN NOT NULL, 
	status TEXT NOT NULL, 
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
	question BLOB NOT NULL, 
	answer BLOB NOT NULL, 
	masked BLOB, answer_language TEXT, timings TEXT, 
	CONSTRAINT pk_turn PRIMARY KEY (id), 
	CONSTRAINT fk_turn_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE, 
	CONSTRAINT uq_turn_conversation_id_position UNIQUE (conversation_id, position)
);
INSERT INTO "turn" VALUES('turn-a79b9dc0b0944e3da060857acd43c171','conv-dc20c61a76414b31ba000ff53b658d70',0,'2026-11-23 11:40:56.426159','2026-11-23 11:40:56.435866','chat','r-1',NULL,0,'done','quoted','zh','quoted','stop',10,5,1,'asked','400-000-0000',NULL,X'011F1D203792D43E7BB610AC0B3BA68D1050610D91DC9C860FC5FFC3B99ACB82786C080C06FD68FE0C7981FA7162E29CE7289AF3C4D2CF449B082EAB23133B',X'01F098F2ECE413DFC6DB8FC959D971D843276A372F809725A118ABE063C3D2FA5E2F9114C88F6F2D9BB4748C80F9B10FD50C89E360C56C22E30A35E1',NULL,NULL,'{"retrieve":12,"total":40}');
INSERT INTO "turn" VALUES('turn-57bab074eee24d0084c783bcf90bea44','conv-dc20c61a76414b31ba000ff53b658d70',1,'2026-11-23 11:40:56.442443',NULL,'chat','r-1',NULL,0,'interrupted',NULL,'','',NULL,NULL,NULL,NULL,NULL,NULL,NULL,X'015D5823B827F880E24879D54E3473FF13604289D44A1A54D7872D944A14D302818CAA61F2D1',X'',NULL,NULL,NULL);
CREATE TABLE vault (
	conversation_id TEXT NOT NULL, 
	placeholder TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	fingerprint BLOB NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_vault PRIMARY KEY (conversation_id, placeholder), 
	CONSTRAINT fk_vault_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE, 
	CONSTRAINT uq_vault_conversation_id_fingerprint UNIQUE (conversation_id, fingerprint)
);
CREATE TABLE word_hit (
	"row" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	line TEXT NOT NULL, 
	turn_id TEXT, 
	direction TEXT NOT NULL, 
	list_id TEXT NOT NULL, 
	list_name TEXT NOT NULL, 
	category TEXT NOT NULL, 
	action TEXT NOT NULL, 
	hits INTEGER NOT NULL, 
	CONSTRAINT fk_word_hit_turn FOREIGN KEY(turn_id) REFERENCES turn (id) ON DELETE CASCADE
);
CREATE TABLE word_list (
	id TEXT NOT NULL, 
	line TEXT, 
	name TEXT NOT NULL, 
	category TEXT NOT NULL, 
	action TEXT NOT NULL, 
	replacement TEXT NOT NULL, 
	homophones BOOLEAN NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	count INTEGER NOT NULL, 
	words JSON NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_word_list PRIMARY KEY (id)
);
CREATE TABLE word_version (
	id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_word_version PRIMARY KEY (id)
);
CREATE INDEX ix_document_base_sha256 ON document (base, sha256);
CREATE INDEX ix_chunk_findable ON chunk (base, status, "row", document_id);
CREATE INDEX ix_chunk_pairs ON chunk (base, document_id, position) WHERE kind = 'faq';
CREATE INDEX ix_queued_file_waiting ON queued_file (queued_at) WHERE status = 'waiting';
CREATE INDEX ix_session_account_id ON session (account_id);
CREATE INDEX ix_session_expires_at ON session (expires_at);
CREATE INDEX ix_word_hit_at ON word_hit (at);
CREATE INDEX ix_word_hit_turn_id ON word_hit (turn_id);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_subject_kek_version ON subject (kek_version);
CREATE INDEX ix_turn_asked_at ON turn (asked_at);
CREATE INDEX ix_turn_running ON turn (status) WHERE status = 'running';
CREATE INDEX ix_attachment_conversation_id ON attachment (conversation_id);
CREATE INDEX ix_conversation_updated_at ON conversation (updated_at);
CREATE INDEX ix_conversation_owner_updated_at ON conversation (owner, updated_at);
CREATE INDEX ix_conversation_customer_hash ON conversation (customer_hash);
CREATE UNIQUE INDEX ix_experiment_running ON experiment (line) WHERE status = 'running';
CREATE INDEX ix_golden_proposal_turn_id ON golden_proposal (turn_id);
CREATE INDEX ix_evaluation_line_created_at ON evaluation (line, created_at);
CREATE INDEX ix_refused_answer_turn_id ON refused_answer (turn_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('chunk',4);
COMMIT;
