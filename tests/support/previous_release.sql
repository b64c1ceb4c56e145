-- A database that the previous release made (schema 0003), with every column in use. It is never edited:
-- tests/loopback/test_previous_release.py opens it with the program as it is now.
BEGIN TRANSACTION;
CREATE TABLE account (
	id VARCHAR(64) NOT NULL, 
	login VARCHAR(64) NOT NULL, 
	password_hash VARCHAR(255), 
	name VARCHAR(120) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	unit_id VARCHAR(64), 
	simulated BOOLEAN NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	created_ms BIGINT NOT NULL, 
	CONSTRAINT pk_account PRIMARY KEY (id), 
	CONSTRAINT fk_account_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id), 
	CONSTRAINT uq_account_login UNIQUE (login)
);
INSERT INTO "account" VALUES('a1','chu-tri','chair-hash','BS. Lý A Sử','chair','bgd',0,0,1764230400000);
INSERT INTO "account" VALUES('a2','thu-ky','operator-hash','Thư ký','operator',NULL,0,0,1764230400001);
INSERT INTO "account" VALUES('a3','hoa','delegate-hash','BS. Hoà','delegate','nhi',0,0,1764230400002);
INSERT INTO "account" VALUES('a4','mo-phong-ta-phin',NULL,'Tả Phìn (mô phỏng)','delegate','ta-phin',1,0,1764230400003);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE audit (
	number BIGINT NOT NULL, 
	mark VARCHAR(64) NOT NULL, 
	meeting VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (number), 
	CONSTRAINT uq_audit_mark UNIQUE (mark)
);
INSERT INTO "audit" VALUES(1,'life-1','','{"number":1,"before":"0000000000000000000000000000000000000000000000000000000000000000","mark":"life-1","unix_ms":1764230400001,"meeting":"","run":0,"event":"login","actor":"a3","login":"hoa","address":"192.0.2.7","fields":[],"words":[]}','d22a3e3c42aa9de01702be3c0e4776aff1657a63dfe814188d99c054734fb4f2');
INSERT INTO "audit" VALUES(2,'life-2','','{"number":2,"before":"d22a3e3c42aa9de01702be3c0e4776aff1657a63dfe814188d99c054734fb4f2","mark":"life-2","unix_ms":1764230400002,"meeting":"","run":0,"event":"login-failed","actor":"","login":"","address":"2001:db8::1","fields":[["account","a3"]],"words":[]}','10d293df4b3d260b8260761ee5e9769d760abc43ac1bae4202417326ab56e81a');
INSERT INTO "audit" VALUES(3,'life-3','giao-ban','{"number":3,"before":"10d293df4b3d260b8260761ee5e9769d760abc43ac1bae4202417326ab56e81a","mark":"life-3","unix_ms":1764230400003,"meeting":"giao-ban","run":2,"event":"muted","actor":"a1","login":"chu-tri","address":"192.0.2.8","fields":[["account","a3"],["participant","p3"],["seconds",5]],"words":[["reason","ồn\u0000 \"quá\""],["account-name","BS. Hoà (hoa)"]]}','c6a5b1630f0d6120ecaeb29c6df60992e19cc1efa3da83441479b60e743f5ffb');
INSERT INTO "audit" VALUES(4,'life-4','giao-ban','{"number":4,"before":"c6a5b1630f0d6120ecaeb29c6df60992e19cc1efa3da83441479b60e743f5ffb","mark":"life-4","unix_ms":1764230400004,"meeting":"giao-ban","run":1,"event":"meeting-ended","actor":"","login":"","address":"","fields":[],"words":[]}','bd83042ba09a0d0a1ab3caa7773b454b99b0b786ccf73e68a0ada9a5dacca7f5');
CREATE TABLE composition (
	meeting_id VARCHAR(64) NOT NULL, 
	unit_id VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_composition PRIMARY KEY (meeting_id, unit_id), 
	CONSTRAINT fk_composition_meeting_id FOREIGN KEY(meeting_id) REFERENCES meeting (id), 
	CONSTRAINT fk_composition_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
INSERT INTO "composition" VALUES('m1','bgd');
INSERT INTO "composition" VALUES('m1','nhi');
INSERT INTO "composition" VALUES('m1','ta-phin');
CREATE TABLE login_session (
	token_hash VARCHAR(64) NOT NULL, 
	account_id VARCHAR(64) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	CONSTRAINT pk_login_session PRIMARY KEY (token_hash), 
	CONSTRAINT fk_login_session_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);
INSERT INTO "login_session" VALUES('5555555555555555555555555555555555555555555555555555555555555555','a3',1764230400000,1764273600000);
CREATE TABLE meeting (
	id VARCHAR(64) NOT NULL, 
	code VARCHAR(64) NOT NULL, 
	title VARCHAR(200) NOT NULL, 
	run INTEGER NOT NULL, 
	ended BOOLEAN NOT NULL, 
	created_ms BIGINT NOT NULL, 
	opened_ms BIGINT NOT NULL, 
	ended_ms BIGINT, starts_ms BIGINT DEFAULT '0' NOT NULL, opens_before_s INTEGER DEFAULT '1800' NOT NULL, may_record BOOLEAN DEFAULT 1 NOT NULL, keep_days INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_meeting PRIMARY KEY (id), 
	CONSTRAINT uq_meeting_code UNIQUE (code)
);
INSERT INTO "meeting" VALUES('m1','giao-ban','Giao ban hằng ngày',2,0,1764230400000,1764230400006,NULL,1764232200000,900,1,30);
INSERT INTO "meeting" VALUES('m2','hop-kin','Họp kín',3,1,1764230400007,1764230400007,NULL,0,1800,0,0);
CREATE TABLE recipient (
	"key" VARCHAR(100) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	second BOOLEAN NOT NULL, 
	added_ms BIGINT NOT NULL, 
	removed_ms BIGINT, 
	CONSTRAINT pk_recipient PRIMARY KEY ("key")
);
INSERT INTO "recipient" VALUES('age1a','Ban Giám đốc',0,10,NULL);
INSERT INTO "recipient" VALUES('age1b','Văn phòng',1,20,NULL);
INSERT INTO "recipient" VALUES('age1c','Cũ',0,30,40);
CREATE TABLE run_record (
	meeting_id VARCHAR(64) NOT NULL, 
	run INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_run_record PRIMARY KEY (meeting_id, run), 
	CONSTRAINT fk_run_record_meeting_id FOREIGN KEY(meeting_id) REFERENCES meeting (id)
);
INSERT INTO "run_record" VALUES('m1',2,'{"rules":{"mode":"ordered","hard_mute":false,"screen_by_permission":false,"locked":true,"turn_s":180,"order":["station","office"]},"queue":[{"participant":"p3","topic":"Dịch \"sởi\" \u0000","since_ms":5,"number":2,"registered":true,"round":false,"skipped":true},{"participant":"p4","topic":"","since_ms":5,"number":1,"registered":false,"round":true,"skipped":false}],"turns":[{"participant":"p1","since_ms":5,"until_ms":0,"dialogue":false},{"participant":"p3","since_ms":6,"until_ms":7,"dialogue":true}],"spoken":["p1"],"go_round":true,"next_number":3,"requests":[{"participant":"p3","permission":"leave","reason":"Có ca cấp cứu","since_ms":9}],"departures":[{"id":"d1","participant":"p4","unit":"ta-phin","name":"Hoa","kind":"lost","was":"lost","reason":"","at_ms":4}],"talked_ms":{"p1":61000},"recording":{"id":"20261127-010000-giao-ban-12ab","by":"a1","since_ms":1764230400050,"keys":[{"name":"Ban Giám đốc","key":"age1a","second":false},{"name":"Văn phòng","key":"age1b","second":true}],"seen_ms":1764230400060,"paused":true}}');
CREATE TABLE seat (
	meeting_id VARCHAR(64) NOT NULL, 
	run INTEGER NOT NULL, 
	account_id VARCHAR(64) NOT NULL, 
	participant VARCHAR(64) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	unit_id VARCHAR(64), 
	name VARCHAR(120) NOT NULL, 
	present INTEGER, 
	total INTEGER, 
	place INTEGER NOT NULL, 
	since_ms BIGINT NOT NULL, 
	reason VARCHAR(500) NOT NULL, 
	kicked BOOLEAN NOT NULL, 
	microphone_gate INTEGER NOT NULL, 
	camera_gate INTEGER NOT NULL, 
	screen_gate INTEGER NOT NULL, banned BOOLEAN DEFAULT 0 NOT NULL, acting VARCHAR(20), may_leave BOOLEAN DEFAULT 0 NOT NULL, talk TEXT DEFAULT '[]' NOT NULL, listens_until_ms BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_seat PRIMARY KEY (meeting_id, run, account_id), 
	CONSTRAINT fk_seat_meeting_id FOREIGN KEY(meeting_id) REFERENCES meeting (id), 
	CONSTRAINT fk_seat_account_id FOREIGN KEY(account_id) REFERENCES account (id), 
	CONSTRAINT fk_seat_unit_id FOREIGN KEY(unit_id) REFERENCES unit (id)
);
INSERT INTO "seat" VALUES('m1',2,'a1','p1','admitted','bgd','BS. Lý A Sử',3,4,1,1764230400100,'',0,0,0,1,0,'chair',0,'[]',0);
INSERT INTO "seat" VALUES('m1',2,'a2','p2','waiting',NULL,'Thư ký',NULL,NULL,2,1764230400200,'',0,1,1,1,0,NULL,0,'[{"name":"Thư ký","staff":true,"text":"Xin chờ \"một\" chút \u0000","at":7},{"name":"YS. Mai","staff":false,"text":"Vâng ạ","at":8}]',0);
INSERT INTO "seat" VALUES('m1',2,'a3','p3','admitted','ta-phin','BS. Hoà (thay)',5,12,3,1764230400300,'Có ca cấp cứu',0,3,5,9,0,'operator',1,'[]',1764231300000);
INSERT INTO "seat" VALUES('m1',2,'a4','p4','refused','ta-phin','Tả Phìn (mô phỏng)',NULL,NULL,4,1764230400400,'ồn',1,31,31,31,1,NULL,0,'[]',0);
INSERT INTO "seat" VALUES('m1',1,'a3','p9','outside','nhi','BS. Hoà',NULL,NULL,9,1764230400900,'',0,1,1,1,0,NULL,0,'[]',0);
CREATE TABLE setting (
	"key" VARCHAR(64) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT pk_setting PRIMARY KEY ("key")
);
INSERT INTO "setting" VALUES('centre','Trung tâm Y tế huyện Nậm Sơn');
CREATE TABLE unit (
	id VARCHAR(64) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	short VARCHAR(40) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	rank INTEGER NOT NULL, 
	CONSTRAINT pk_unit PRIMARY KEY (id)
);
INSERT INTO "unit" VALUES('bgd','Ban Giám đốc','BGĐ','board',0);
INSERT INTO "unit" VALUES('nhi','Khoa Nhi','Nhi','department',2);
INSERT INTO "unit" VALUES('ta-phin','Trạm Y tế xã Tả Phìn','Tả Phìn','station',7);
CREATE INDEX ix_login_session_account_id ON login_session (account_id);
CREATE INDEX ix_login_session_expires_ms ON login_session (expires_ms);
CREATE INDEX ix_audit_meeting ON audit (meeting, number);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_next_number BEFORE INSERT ON audit WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
COMMIT;
