-- The store's tables, as a new file gets them: what a person reads first and what docs/schema.md shows.
-- A change here needs a file in store/migrations that brings an older store to the same state.
-- No foreign keys (they would block ALTER), no primary keys or indexes (they are what DuckDB's log
-- replay has failed on, and they double the cost of an append): what must be unique is checked inside
-- the exclusive transaction that writes it, and by `assay db check`. Times are UTC.

CREATE TABLE meta (
    version INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    program VARCHAR NOT NULL,
    demo BOOLEAN NOT NULL
);
COMMENT ON TABLE meta IS 'One row: what this file is.';
COMMENT ON COLUMN meta.version IS 'Number of the last migration applied; a program reads one version only.';
COMMENT ON COLUMN meta.created IS 'When the file was made.';
COMMENT ON COLUMN meta.program IS 'Program and version that made it.';
COMMENT ON COLUMN meta.demo IS 'Whether this is a demo store; set when the file is made, never changed.';

CREATE TABLE run (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    project VARCHAR,
    stage VARCHAR,
    status VARCHAR NOT NULL,
    error VARCHAR,
    created TIMESTAMP NOT NULL,
    ended TIMESTAMP,
    heartbeat TIMESTAMP NOT NULL,
    total_steps BIGINT,
    first_step BIGINT,
    last_step BIGINT,
    parent VARCHAR,
    source VARCHAR,
    config JSON,
    provenance JSON,
    tags VARCHAR[] NOT NULL,
    starred BOOLEAN NOT NULL,
    archived BOOLEAN NOT NULL,
    notes VARCHAR,
    edited VARCHAR[]
);
COMMENT ON TABLE run IS 'One row a run.';
COMMENT ON COLUMN run.id IS 'Number of the run in this store.';
COMMENT ON COLUMN run.name IS 'Name of the run and of its folder; unique.';
COMMENT ON COLUMN run.project IS 'Project the run belongs to, as its owner calls it.';
COMMENT ON COLUMN run.stage IS 'pretrain, cpt, sft or dpo for runs of assay train; else null.';
COMMENT ON COLUMN run.status IS 'queued, running, paused, finished, failed, or lost where it was sent back after its process had gone, as last reported; a running run without a heartbeat is shown as lost.';
COMMENT ON COLUMN run.error IS 'Last line of the error that ended the run.';
COMMENT ON COLUMN run.created IS 'When recording began.';
COMMENT ON COLUMN run.ended IS 'When the run reported its end.';
COMMENT ON COLUMN run.heartbeat IS 'Time of the newest line of its spool.';
COMMENT ON COLUMN run.total_steps IS 'Steps planned, where known.';
COMMENT ON COLUMN run.first_step IS 'Lowest step recorded.';
COMMENT ON COLUMN run.last_step IS 'Newest step on the active path.';
COMMENT ON COLUMN run.parent IS 'RUN/BRANCH@STEP this run started from, where it did.';
COMMENT ON COLUMN run.source IS 'Folder or file being watched, where the run is another program''s.';
COMMENT ON COLUMN run.config IS 'Effective configuration.';
COMMENT ON COLUMN run.provenance IS 'Command, versions, hardware, data hashes.';
COMMENT ON COLUMN run.tags IS 'Words to find the run by.';
COMMENT ON COLUMN run.starred IS 'Whether someone keeps it on top.';
COMMENT ON COLUMN run.archived IS 'Whether it is hidden from lists.';
COMMENT ON COLUMN run.notes IS 'What people wrote about it.';
COMMENT ON COLUMN run.edited IS 'Columns that a person has set: tags and project among them are no longer taken from the spool. Null where there are none.';

CREATE TABLE branch (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    parent INTEGER,
    fork_step BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    data JSON
);
COMMENT ON TABLE branch IS 'A stretch of a run''s history; rolling back opens a new one and leaves the old as it was.';
COMMENT ON COLUMN branch.run_id IS 'The run.';
COMMENT ON COLUMN branch.branch IS 'Number within the run, from 1; the highest one is active.';
COMMENT ON COLUMN branch.parent IS 'Branch it left; null for the first.';
COMMENT ON COLUMN branch.fork_step IS 'Last step of the parent that belongs to this branch''s past; its own first step is the next one. -1 for the first branch.';
COMMENT ON COLUMN branch.reason IS 'start, resume, rollback, replay, ...';
COMMENT ON COLUMN branch.created IS 'When it began.';
COMMENT ON COLUMN branch.data IS 'What else was declared: skipped samples, remedies.';

CREATE TABLE metric_name (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL
);
COMMENT ON TABLE metric_name IS 'Names of metrics; unique in the store.';
COMMENT ON COLUMN metric_name.id IS 'Number used in metric rows.';
COMMENT ON COLUMN metric_name.name IS 'Name as logged, as in loss, val_loss or loss/general.';

CREATE TABLE metric (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    metric_id INTEGER NOT NULL,
    step BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    time TIMESTAMP NOT NULL
);
COMMENT ON TABLE metric IS 'One row a value; rows are only ever appended.';
COMMENT ON COLUMN metric.run_id IS 'The run.';
COMMENT ON COLUMN metric.branch IS 'Branch of the run.';
COMMENT ON COLUMN metric.metric_id IS 'Which metric.';
COMMENT ON COLUMN metric.step IS 'Position in the data plan; unique within branch and metric.';
COMMENT ON COLUMN metric.value IS 'The value; NaN and infinities stay what they are.';
COMMENT ON COLUMN metric.time IS 'When it was logged.';

CREATE TABLE metric_span (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    metric_id INTEGER NOT NULL,
    span BIGINT NOT NULL,
    first_step BIGINT,
    last_step BIGINT,
    n INTEGER NOT NULL,
    min DOUBLE,
    max DOUBLE,
    last DOUBLE,
    odd INTEGER NOT NULL,
    total DOUBLE
);
COMMENT ON TABLE metric_span IS 'Metrics rolled up, a row for 512 steps; derived from metric, and only for spans that a branch has gone beyond and for those of runs that have ended.';
COMMENT ON COLUMN metric_span.run_id IS 'The run.';
COMMENT ON COLUMN metric_span.branch IS 'Branch of the run.';
COMMENT ON COLUMN metric_span.metric_id IS 'Which metric.';
COMMENT ON COLUMN metric_span.span IS 'Step divided by 512, rounded down.';
COMMENT ON COLUMN metric_span.first_step IS 'Lowest step with a finite value; null where there is none, as in last_step, min, max, last and total.';
COMMENT ON COLUMN metric_span.last_step IS 'Highest step with a finite value.';
COMMENT ON COLUMN metric_span.n IS 'Finite values.';
COMMENT ON COLUMN metric_span.min IS 'Lowest of them.';
COMMENT ON COLUMN metric_span.max IS 'Highest of them.';
COMMENT ON COLUMN metric_span.last IS 'The one of the highest step.';
COMMENT ON COLUMN metric_span.odd IS 'Values that are not finite.';
COMMENT ON COLUMN metric_span.total IS 'Sum of the finite values.';

CREATE TABLE step_batch (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    step BIGINT NOT NULL,
    "update" BIGINT,
    verdict VARCHAR,
    rows BIGINT[],
    losses DOUBLE[]
);
COMMENT ON TABLE step_batch IS 'What a step was made of, a row a step.';
COMMENT ON COLUMN step_batch.run_id IS 'The run.';
COMMENT ON COLUMN step_batch.branch IS 'Branch of the run.';
COMMENT ON COLUMN step_batch.step IS 'The step.';
COMMENT ON COLUMN step_batch."update" IS 'Optimizer updates committed after this step.';
COMMENT ON COLUMN step_batch.verdict IS 'commit, skip, rollback, overflow (fp16) or left-out.';
COMMENT ON COLUMN step_batch.rows IS 'Samples of the batch: dataset.first_row of their file plus their row in it.';
COMMENT ON COLUMN step_batch.losses IS 'Loss of each of them, in the same order.';

CREATE TABLE checkpoint (
    run_id INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    step BIGINT NOT NULL,
    state VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR,
    bytes BIGINT,
    created TIMESTAMP NOT NULL,
    changed TIMESTAMP NOT NULL,
    data JSON
);
COMMENT ON TABLE checkpoint IS 'One row a checkpoint, with its newest state.';
COMMENT ON COLUMN checkpoint.run_id IS 'The run.';
COMMENT ON COLUMN checkpoint.branch IS 'Branch of the run.';
COMMENT ON COLUMN checkpoint.step IS 'Step after which it was written.';
COMMENT ON COLUMN checkpoint.state IS 'sealed, stable, suspect or deleted.';
COMMENT ON COLUMN checkpoint.path IS 'Its folder, relative to the store''s root.';
COMMENT ON COLUMN checkpoint.sha256 IS 'Digest of its manifest, which holds the digest of every file.';
COMMENT ON COLUMN checkpoint.bytes IS 'Size of its files together.';
COMMENT ON COLUMN checkpoint.created IS 'When it was sealed.';
COMMENT ON COLUMN checkpoint.changed IS 'When its state last changed.';
COMMENT ON COLUMN checkpoint.data IS 'What was known when it was written: update, val_loss, ...';

CREATE TABLE event (
    run_id INTEGER NOT NULL,
    branch INTEGER,
    step BIGINT,
    time TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    data JSON
);
COMMENT ON TABLE event IS 'What happened to a run, for people; rows are only ever appended.';
COMMENT ON COLUMN event.run_id IS 'The run.';
COMMENT ON COLUMN event.branch IS 'Branch, where it belongs to one.';
COMMENT ON COLUMN event.step IS 'Step, where it belongs to one.';
COMMENT ON COLUMN event.time IS 'When it happened.';
COMMENT ON COLUMN event.kind IS 'status, checkpoint, traceback, note, request, damaged, ... or a name of the script''s own.';
COMMENT ON COLUMN event.level IS 'info, warning or alarm.';
COMMENT ON COLUMN event.message IS 'One sentence, or a traceback.';
COMMENT ON COLUMN event.data IS 'Details.';

CREATE TABLE request (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    args JSON,
    actor VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    taken TIMESTAMP,
    done TIMESTAMP,
    result VARCHAR
);
COMMENT ON TABLE request IS 'What people ask of a run; its trainer takes requests at the next step.';
COMMENT ON COLUMN request.id IS 'Number of the request.';
COMMENT ON COLUMN request.run_id IS 'The run.';
COMMENT ON COLUMN request.kind IS 'stop-and-save, save-now, pause, continue, note, rollback, evaluate, open-campaign, propose or check-data.';
COMMENT ON COLUMN request.args IS 'Its arguments.';
COMMENT ON COLUMN request.actor IS 'Who asked.';
COMMENT ON COLUMN request.created IS 'When.';
COMMENT ON COLUMN request.taken IS 'When the trainer took it; null while it waits.';
COMMENT ON COLUMN request.done IS 'When it was carried out or refused.';
COMMENT ON COLUMN request.result IS 'What came of it, in words.';

CREATE TABLE pin (
    target VARCHAR NOT NULL,
    target_kind VARCHAR NOT NULL,
    run_id INTEGER,
    holder VARCHAR NOT NULL,
    holder_kind VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    released TIMESTAMP
);
COMMENT ON TABLE pin IS 'What must not be deleted, and for whose sake.';
COMMENT ON COLUMN pin.target IS 'What is held: a path relative to the store''s root, or a digest.';
COMMENT ON COLUMN pin.target_kind IS 'checkpoint, export, adapter, base, tokenizer, answers or dataset.';
COMMENT ON COLUMN pin.run_id IS 'Run it belongs to, where it belongs to one.';
COMMENT ON COLUMN pin.holder IS 'Name of what holds it.';
COMMENT ON COLUMN pin.holder_kind IS 'run, campaign, proposal, approval or release.';
COMMENT ON COLUMN pin.created IS 'Since when.';
COMMENT ON COLUMN pin.released IS 'Until when; null while it holds.';

CREATE TABLE dataset (
    run_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    rows BIGINT NOT NULL,
    role VARCHAR NOT NULL,
    first_row BIGINT
);
COMMENT ON TABLE dataset IS 'Data files a run reads.';
COMMENT ON COLUMN dataset.run_id IS 'The run.';
COMMENT ON COLUMN dataset.path IS 'The file, as an absolute path.';
COMMENT ON COLUMN dataset.sha256 IS 'Digest of the file when the run read it.';
COMMENT ON COLUMN dataset.rows IS 'Rows used.';
COMMENT ON COLUMN dataset.role IS 'train, general or validation.';
COMMENT ON COLUMN dataset.first_row IS 'Number of its row 0 among all rows of the run, as step_batch.rows counts them; null means 0.';

CREATE TABLE sample (
    run_id INTEGER NOT NULL,
    dataset VARCHAR NOT NULL,
    row BIGINT NOT NULL,
    id VARCHAR,
    source VARCHAR,
    task VARCHAR,
    hash VARCHAR NOT NULL
);
COMMENT ON TABLE sample IS 'Rows of a run''s data; the text is read from the file after the hash has been checked.';
COMMENT ON COLUMN sample.run_id IS 'The run.';
COMMENT ON COLUMN sample.dataset IS 'Digest of the data file.';
COMMENT ON COLUMN sample.row IS 'Row number in the file, from 0.';
COMMENT ON COLUMN sample.id IS 'The row''s own id, where it has one.';
COMMENT ON COLUMN sample.source IS 'Where it comes from: the name the mixing knows it by.';
COMMENT ON COLUMN sample.task IS 'Subtask or category, where the row names one.';
COMMENT ON COLUMN sample.hash IS 'First 16 characters of the SHA-256 of its text.';

CREATE TABLE eval_run (
    id INTEGER NOT NULL,
    key VARCHAR NOT NULL,
    run_id INTEGER,
    branch INTEGER,
    step BIGINT,
    artifact VARCHAR NOT NULL,
    base VARCHAR,
    model VARCHAR NOT NULL,
    suite VARCHAR NOT NULL,
    suite_sha256 VARCHAR NOT NULL,
    measures VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    scorer VARCHAR NOT NULL,
    n INTEGER NOT NULL,
    "of" INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    seconds DOUBLE NOT NULL,
    data JSON
);
COMMENT ON TABLE eval_run IS 'One row for each time a model was put to a suite; its file in .evals is the truth.';
COMMENT ON COLUMN eval_run.id IS 'Number in this store.';
COMMENT ON COLUMN eval_run.key IS 'Name of its file: digest of artifact, suite and scorer; unique.';
COMMENT ON COLUMN eval_run.run_id IS 'Run whose checkpoint or live model it was; null for a base or a folder.';
COMMENT ON COLUMN eval_run.branch IS 'Branch of that run.';
COMMENT ON COLUMN eval_run.step IS 'Step after which the model was taken.';
COMMENT ON COLUMN eval_run.artifact IS 'Digest of the model: of a checkpoint as in checkpoint.sha256, of a folder that of its files.';
COMMENT ON COLUMN eval_run.base IS 'Digest of what its run began with, by which its base''s row is found; null without one.';
COMMENT ON COLUMN eval_run.model IS 'What people call the model: RUN@STEP or a folder.';
COMMENT ON COLUMN eval_run.suite IS 'Name of the suite.';
COMMENT ON COLUMN eval_run.suite_sha256 IS 'Digest of its settings and rows.';
COMMENT ON COLUMN eval_run.measures IS 'learned, kept, or shown where nothing is measured and answers are only shown.';
COMMENT ON COLUMN eval_run.kind IS 'open, choice, text, or harness for a task of lm-evaluation-harness.';
COMMENT ON COLUMN eval_run.scorer IS 'Program and version of the scoring.';
COMMENT ON COLUMN eval_run.n IS 'Items asked.';
COMMENT ON COLUMN eval_run."of" IS 'Items the suite has.';
COMMENT ON COLUMN eval_run.created IS 'When.';
COMMENT ON COLUMN eval_run.seconds IS 'How long it took.';
COMMENT ON COLUMN eval_run.data IS 'Settings of the suite, leak check, versions, device, data type.';

CREATE TABLE score (
    eval_id INTEGER NOT NULL,
    metric VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    clean BOOLEAN NOT NULL,
    versus VARCHAR,
    value DOUBLE,
    low DOUBLE,
    high DOUBLE,
    n INTEGER NOT NULL,
    signature VARCHAR
);
COMMENT ON TABLE score IS 'Scores of evaluations, and differences to the base and to the checkpoint before.';
COMMENT ON COLUMN score.eval_id IS 'The evaluation.';
COMMENT ON COLUMN score.metric IS 'acc and acc_norm are shares, 0 to 1; bleu, chrf, rouge…, exact_match, f1 and own ones 0 to 100; nll and kl nats a token; bits_per_byte bits.';
COMMENT ON COLUMN score.category IS 'Subject it is of; empty for all items.';
COMMENT ON COLUMN score.clean IS 'Whether items found in the training data are left out.';
COMMENT ON COLUMN score.versus IS 'Null for a score; base or previous for the difference to that model''s, on the same items.';
COMMENT ON COLUMN score.value IS 'The value; null where it cannot be compared.';
COMMENT ON COLUMN score.low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN score.high IS 'Upper end.';
COMMENT ON COLUMN score.n IS 'Items behind it.';
COMMENT ON COLUMN score.signature IS 'How it was computed.';

CREATE TABLE item_result (
    eval_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    correct BOOLEAN,
    pred INTEGER,
    lls DOUBLE[],
    answer VARCHAR,
    scores JSON,
    nats DOUBLE,
    tokens BIGINT,
    kl DOUBLE,
    leaked BOOLEAN NOT NULL
);
COMMENT ON TABLE item_result IS 'What a model made of each item of a suite.';
COMMENT ON COLUMN item_result.eval_id IS 'The evaluation.';
COMMENT ON COLUMN item_result.item IS 'Id of the item.';
COMMENT ON COLUMN item_result.correct IS 'Whether it was answered right; null for open questions and texts.';
COMMENT ON COLUMN item_result.pred IS 'Place of the choice taken; -1 where a likelihood was no number.';
COMMENT ON COLUMN item_result.lls IS 'Log-likelihood of each choice, in nats.';
COMMENT ON COLUMN item_result.answer IS 'What the model said.';
COMMENT ON COLUMN item_result.scores IS 'Value of each metric for this item alone, 0 to 100.';
COMMENT ON COLUMN item_result.nats IS 'Negative log-likelihood of a text, in nats.';
COMMENT ON COLUMN item_result.tokens IS 'Tokens of it that were predicted.';
COMMENT ON COLUMN item_result.kl IS 'Divergence from the base summed over them, in nats; null where it cannot be compared.';
COMMENT ON COLUMN item_result.leaked IS 'Whether the item stands in the training data.';

CREATE TABLE eval_item (
    suite_sha256 VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    place INTEGER NOT NULL,
    lang VARCHAR,
    category VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    reference VARCHAR,
    choices VARCHAR[],
    gold INTEGER
);
COMMENT ON TABLE eval_item IS 'Items of suites, as they were asked.';
COMMENT ON COLUMN eval_item.suite_sha256 IS 'Digest of the suite.';
COMMENT ON COLUMN eval_item.item IS 'Id of the item; unique in its suite.';
COMMENT ON COLUMN eval_item.place IS 'Its place in the suite, from 0.';
COMMENT ON COLUMN eval_item.lang IS 'Language, where it is known.';
COMMENT ON COLUMN eval_item.category IS 'Subject; empty without one.';
COMMENT ON COLUMN eval_item.question IS 'What is asked, or the text.';
COMMENT ON COLUMN eval_item.reference IS 'The wanted answer.';
COMMENT ON COLUMN eval_item.choices IS 'Choices, where it has some.';
COMMENT ON COLUMN eval_item.gold IS 'Place of the right one.';

CREATE TABLE spool_offset (
    run_id INTEGER NOT NULL,
    file VARCHAR NOT NULL,
    "offset" BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    damaged BIGINT NOT NULL
);
COMMENT ON TABLE spool_offset IS 'How far each spool file is loaded; written in the same transaction as its rows.';
COMMENT ON COLUMN spool_offset.run_id IS 'The run.';
COMMENT ON COLUMN spool_offset.file IS 'Name of the spool file.';
COMMENT ON COLUMN spool_offset."offset" IS 'Bytes loaded.';
COMMENT ON COLUMN spool_offset.lines IS 'Lines loaded.';
COMMENT ON COLUMN spool_offset.damaged IS 'Lines skipped because they could not be read.';

CREATE VIEW run_path AS
WITH RECURSIVE known AS (
    -- One row a branch, and parents before children: then this ends whatever the table holds.
    SELECT run_id, branch, max(parent) FILTER (parent < branch) AS parent, min(fork_step) AS fork_step
    FROM branch GROUP BY run_id, branch
), up AS (
    SELECT run_id, branch AS tip, branch, parent, fork_step, CAST(9223372036854775807 AS BIGINT) AS last_step
    FROM known
    UNION ALL
    SELECT up.run_id, up.tip, k.branch, k.parent, k.fork_step, least(up.last_step, up.fork_step)
    FROM up JOIN known k ON k.run_id = up.run_id AND k.branch = up.parent
)
SELECT run_id, tip, branch, fork_step + 1 AS first_step, last_step FROM up;
COMMENT ON VIEW run_path IS 'History of each branch (tip): which steps of which branch it is made of.';

CREATE VIEW active_path AS
WITH RECURSIVE known AS (
    SELECT run_id, branch, max(parent) FILTER (parent < branch) AS parent, min(fork_step) AS fork_step
    FROM branch GROUP BY run_id, branch
), up AS (
    -- From the newest branches only: run_path grows with the square of their number.
    SELECT run_id, branch, parent, fork_step, CAST(9223372036854775807 AS BIGINT) AS last_step
    FROM known JOIN (SELECT run_id, max(branch) AS branch FROM branch GROUP BY run_id) USING (run_id, branch)
    UNION ALL
    SELECT up.run_id, k.branch, k.parent, k.fork_step, least(up.last_step, up.fork_step)
    FROM up JOIN known k ON k.run_id = up.run_id AND k.branch = up.parent
)
SELECT run_id, branch, fork_step + 1 AS first_step, last_step FROM up;
COMMENT ON VIEW active_path IS 'History of each run''s newest branch; steps outside it are abandoned.';

CREATE TABLE "user" (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    issuer VARCHAR,
    subject VARCHAR,
    specialties VARCHAR[] NOT NULL,
    created TIMESTAMP NOT NULL,
    removed TIMESTAMP
);
COMMENT ON TABLE "user" IS 'People; other tables and the audit log know them by number.';
COMMENT ON COLUMN "user".id IS 'Number in this store.';
COMMENT ON COLUMN "user".name IS 'What the person is called.';
COMMENT ON COLUMN "user".issuer IS 'Who vouches for a login (OpenID Connect issuer); local for the user of this machine, null for invited people.';
COMMENT ON COLUMN "user".subject IS 'The person''s name there; unique with issuer among users not removed.';
COMMENT ON COLUMN "user".specialties IS 'Fields of which the person judges questions; empty for all.';
COMMENT ON COLUMN "user".created IS 'When the person was added.';
COMMENT ON COLUMN "user".removed IS 'When the person lost all roles for good.';

CREATE TABLE role (
    user_id INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    campaign_id INTEGER,
    granted TIMESTAMP NOT NULL,
    granted_by VARCHAR NOT NULL,
    revoked TIMESTAMP
);
COMMENT ON TABLE role IS 'What people may do; looked up on every call.';
COMMENT ON COLUMN role.user_id IS 'Who.';
COMMENT ON COLUMN role.role IS 'engineer, expert, lead, auditor or admin.';
COMMENT ON COLUMN role.campaign_id IS 'The one campaign it is for; null for all.';
COMMENT ON COLUMN role.granted IS 'Since when.';
COMMENT ON COLUMN role.granted_by IS 'Who gave it, as in audit.actor.';
COMMENT ON COLUMN role.revoked IS 'When it was taken back.';

CREATE TABLE invite (
    id INTEGER NOT NULL,
    code_sha256 VARCHAR NOT NULL,
    pin_sha256 VARCHAR NOT NULL,
    user_id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    expires TIMESTAMP NOT NULL,
    failures INTEGER NOT NULL,
    used TIMESTAMP,
    revoked TIMESTAMP
);
COMMENT ON TABLE invite IS 'One-time links to a campaign.';
COMMENT ON COLUMN invite.id IS 'Number in this store.';
COMMENT ON COLUMN invite.code_sha256 IS 'SHA-256 of the code in the link, which is kept nowhere.';
COMMENT ON COLUMN invite.pin_sha256 IS 'SHA-256 of code and PIN together.';
COMMENT ON COLUMN invite.user_id IS 'Whom it is for.';
COMMENT ON COLUMN invite.campaign_id IS 'Campaign it opens.';
COMMENT ON COLUMN invite.created IS 'When it was made.';
COMMENT ON COLUMN invite.created_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN invite.expires IS 'When it ends, used or not.';
COMMENT ON COLUMN invite.failures IS 'Wrong PINs so far; after five it is locked.';
COMMENT ON COLUMN invite.used IS 'When it was exchanged; it opens nothing again.';
COMMENT ON COLUMN invite.revoked IS 'When it was taken back, with what it opened.';

CREATE TABLE login (
    token_sha256 VARCHAR NOT NULL,
    user_id INTEGER NOT NULL,
    invite_id INTEGER NOT NULL,
    created TIMESTAMP NOT NULL,
    expires TIMESTAMP NOT NULL,
    revoked TIMESTAMP
);
COMMENT ON TABLE login IS 'Browsers let in by an invite; each call looks here.';
COMMENT ON COLUMN login.token_sha256 IS 'SHA-256 of the token in the browser''s cookie.';
COMMENT ON COLUMN login.user_id IS 'Who.';
COMMENT ON COLUMN login.invite_id IS 'By which invite.';
COMMENT ON COLUMN login.created IS 'When.';
COMMENT ON COLUMN login.expires IS 'Until when.';
COMMENT ON COLUMN login.revoked IS 'When it was ended before that.';

CREATE TABLE policy (
    sha256 VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE policy IS 'Policies as campaigns were opened with, whole.';
COMMENT ON COLUMN policy.sha256 IS 'SHA-256 of the file.';
COMMENT ON COLUMN policy.text IS 'The file.';
COMMENT ON COLUMN policy.created IS 'When it was read first.';

CREATE TABLE campaign (
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    candidate VARCHAR NOT NULL,
    candidate_sha256 VARCHAR NOT NULL,
    baseline VARCHAR NOT NULL,
    baseline_sha256 VARCHAR NOT NULL,
    run_id INTEGER,
    policy_sha256 VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    instructions VARCHAR NOT NULL,
    seed BIGINT NOT NULL,
    simulated BOOLEAN NOT NULL,
    opened TIMESTAMP NOT NULL,
    opened_by VARCHAR NOT NULL,
    expires TIMESTAMP NOT NULL,
    closed TIMESTAMP,
    closed_by VARCHAR,
    reason VARCHAR,
    data JSON NOT NULL
);
COMMENT ON TABLE campaign IS 'Blind reviews: a candidate against a baseline.';
COMMENT ON COLUMN campaign.id IS 'Number in this store.';
COMMENT ON COLUMN campaign.name IS 'Name for leads and commands; unique. Experts never get it.';
COMMENT ON COLUMN campaign.title IS 'What experts read above their pairs; names no model.';
COMMENT ON COLUMN campaign.candidate IS 'RUN@STEP that may be released.';
COMMENT ON COLUMN campaign.candidate_sha256 IS 'Its digest.';
COMMENT ON COLUMN campaign.baseline IS 'RUN@STEP, or the start of the candidate''s run.';
COMMENT ON COLUMN campaign.baseline_sha256 IS 'Its digest.';
COMMENT ON COLUMN campaign.run_id IS 'Run of the candidate.';
COMMENT ON COLUMN campaign.policy_sha256 IS 'The policy, fixed before the first verdict.';
COMMENT ON COLUMN campaign.language IS 'Language of the page experts begin with: zh or en.';
COMMENT ON COLUMN campaign.instructions IS 'What experts are told before the first pair.';
COMMENT ON COLUMN campaign.seed IS 'Of the order of the pairs and of the overlap.';
COMMENT ON COLUMN campaign.simulated IS 'Whether verdicts are made up by a program; for ever.';
COMMENT ON COLUMN campaign.opened IS 'When.';
COMMENT ON COLUMN campaign.opened_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN campaign.expires IS 'When invites to it end at the latest.';
COMMENT ON COLUMN campaign.closed IS 'When it was closed.';
COMMENT ON COLUMN campaign.closed_by IS 'By whom; empty for the rules.';
COMMENT ON COLUMN campaign.reason IS 'Why it was closed.';
COMMENT ON COLUMN campaign.data IS 'Decoding, versions, and what was found before it opened: identical pairs, words that name a model, how well the texts alone tell the two apart.';

CREATE TABLE pair (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    place INTEGER,
    state VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    question_sha256 VARCHAR NOT NULL,
    specialty VARCHAR NOT NULL,
    first VARCHAR NOT NULL,
    second VARCHAR NOT NULL,
    overlap BOOLEAN NOT NULL,
    planned INTEGER NOT NULL
);
COMMENT ON TABLE pair IS 'Questions of a campaign with their two stored answers; which model said which is in mapping alone.';
COMMENT ON COLUMN pair.campaign_id IS 'The campaign.';
COMMENT ON COLUMN pair.item IS 'Id in the file of questions; unique in the campaign. Never sent to experts.';
COMMENT ON COLUMN pair.place IS 'Place in the seeded order, from 0; null for pairs that are not judged.';
COMMENT ON COLUMN pair.state IS 'asked; identical where both answers are the same, a tie without a verdict; practice.';
COMMENT ON COLUMN pair.question IS 'What both models were asked.';
COMMENT ON COLUMN pair.question_sha256 IS 'SHA-256 of its comparable text, by which used questions are known.';
COMMENT ON COLUMN pair.specialty IS 'Field whose experts judge it; empty for everyone.';
COMMENT ON COLUMN pair.first IS 'One answer.';
COMMENT ON COLUMN pair.second IS 'The other.';
COMMENT ON COLUMN pair.overlap IS 'Whether it was drawn for a second grader.';
COMMENT ON COLUMN pair.planned IS 'Verdicts wanted: 2 where it was drawn and the roster had two graders before it was first shown.';

CREATE TABLE mapping (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    candidate VARCHAR NOT NULL
);
COMMENT ON TABLE mapping IS 'Which answer is the candidate''s. Read where sides are dealt and where results are made, nowhere else.';
COMMENT ON COLUMN mapping.campaign_id IS 'The campaign.';
COMMENT ON COLUMN mapping.item IS 'The pair.';
COMMENT ON COLUMN mapping.candidate IS 'first or second.';

CREATE TABLE sitting (
    id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    grader INTEGER NOT NULL,
    planned INTEGER NOT NULL,
    opened TIMESTAMP NOT NULL,
    closed TIMESTAMP
);
COMMENT ON TABLE sitting IS 'An expert''s evening: so many pairs, whose verdicts can be changed until it closes.';
COMMENT ON COLUMN sitting.id IS 'Number in this store.';
COMMENT ON COLUMN sitting.campaign_id IS 'The campaign.';
COMMENT ON COLUMN sitting.grader IS 'User who sits.';
COMMENT ON COLUMN sitting.planned IS 'Pairs meant to be judged.';
COMMENT ON COLUMN sitting.opened IS 'When it began.';
COMMENT ON COLUMN sitting.closed IS 'When it ended; its verdicts are final since.';

CREATE TABLE lease (
    token VARCHAR NOT NULL,
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    sitting INTEGER NOT NULL,
    number INTEGER,
    "left" VARCHAR NOT NULL,
    shown_first VARCHAR NOT NULL,
    issued TIMESTAMP NOT NULL,
    expires TIMESTAMP NOT NULL,
    ended TIMESTAMP,
    outcome VARCHAR,
    reason VARCHAR
);
COMMENT ON TABLE lease IS 'A pair put before a grader.';
COMMENT ON COLUMN lease.token IS '128 random bits: all a browser knows of the pair''s identity.';
COMMENT ON COLUMN lease.campaign_id IS 'The campaign.';
COMMENT ON COLUMN lease.item IS 'The pair.';
COMMENT ON COLUMN lease.grader IS 'User it was put before.';
COMMENT ON COLUMN lease.sitting IS 'In which sitting.';
COMMENT ON COLUMN lease.number IS 'Which of the grader''s pairs it is, from 0: its place in blocks of four; null for practice.';
COMMENT ON COLUMN lease."left" IS 'Which answer stands on the left: first or second.';
COMMENT ON COLUMN lease.shown_first IS 'Side a narrow screen opens with: left or right.';
COMMENT ON COLUMN lease.issued IS 'When.';
COMMENT ON COLUMN lease.expires IS 'Until when nobody else gets its place.';
COMMENT ON COLUMN lease.ended IS 'When it was answered, skipped or given up.';
COMMENT ON COLUMN lease.outcome IS 'verdict, skipped, expired where its place went to someone else, or released.';
COMMENT ON COLUMN lease.reason IS 'Why it was skipped.';

CREATE TABLE verdict (
    id INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    token VARCHAR NOT NULL,
    choice VARCHAR NOT NULL,
    criteria JSON NOT NULL,
    reasons VARCHAR[] NOT NULL,
    comment VARCHAR NOT NULL,
    errors JSON NOT NULL,
    seconds DOUBLE NOT NULL,
    unblinded BOOLEAN NOT NULL,
    created TIMESTAMP NOT NULL,
    final TIMESTAMP,
    superseded TIMESTAMP
);
COMMENT ON TABLE verdict IS 'What graders said; a change is a new row.';
COMMENT ON COLUMN verdict.id IS 'Number in this store.';
COMMENT ON COLUMN verdict.campaign_id IS 'The campaign.';
COMMENT ON COLUMN verdict.item IS 'The pair.';
COMMENT ON COLUMN verdict.grader IS 'User who judged; with item unique among verdicts not superseded.';
COMMENT ON COLUMN verdict.token IS 'The lease it answers.';
COMMENT ON COLUMN verdict.choice IS 'The better answer: first, second, tie or both_bad.';
COMMENT ON COLUMN verdict.criteria IS 'The better answer by criterion: first, second or tie.';
COMMENT ON COLUMN verdict.reasons IS 'Reasons picked from the list.';
COMMENT ON COLUMN verdict.comment IS 'A line in the grader''s own words; personal data.';
COMMENT ON COLUMN verdict.errors IS 'Critical errors: answer (first or second), type, quoted sentence.';
COMMENT ON COLUMN verdict.seconds IS 'From the pair being put before the grader until the verdict.';
COMMENT ON COLUMN verdict.unblinded IS 'Whether the grader had seen results before; possible in a demo store alone.';
COMMENT ON COLUMN verdict.created IS 'When.';
COMMENT ON COLUMN verdict.final IS 'When its sitting closed; null while it can be changed, twelve hours at the most.';
COMMENT ON COLUMN verdict.superseded IS 'When a changed one took its place.';

CREATE TABLE draft (
    token VARCHAR NOT NULL,
    fields JSON NOT NULL,
    saved TIMESTAMP NOT NULL
);
COMMENT ON TABLE draft IS 'What a grader has filled in so far.';
COMMENT ON COLUMN draft.token IS 'The lease; unique.';
COMMENT ON COLUMN draft.fields IS 'The fields as the page has them.';
COMMENT ON COLUMN draft.saved IS 'When.';

CREATE TABLE flag (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE flag IS 'Pairs that graders find faulty: the question, or a text that gives a model away.';
COMMENT ON COLUMN flag.campaign_id IS 'The campaign.';
COMMENT ON COLUMN flag.item IS 'The pair.';
COMMENT ON COLUMN flag.grader IS 'Who says so.';
COMMENT ON COLUMN flag.reason IS 'What is wrong.';
COMMENT ON COLUMN flag.created IS 'When.';

CREATE TABLE guess (
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    grader INTEGER NOT NULL,
    choice VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE guess IS 'Which answer graders took for the new model''s: what the blinding index is made of.';
COMMENT ON COLUMN guess.campaign_id IS 'The campaign.';
COMMENT ON COLUMN guess.item IS 'The pair it was asked after.';
COMMENT ON COLUMN guess.grader IS 'Who guessed.';
COMMENT ON COLUMN guess.choice IS 'first, second or unknown.';
COMMENT ON COLUMN guess.created IS 'When.';

CREATE TABLE used_item (
    question_sha256 VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    campaign_id INTEGER NOT NULL,
    item VARCHAR NOT NULL,
    exported TIMESTAMP NOT NULL,
    exported_by VARCHAR NOT NULL
);
COMMENT ON TABLE used_item IS 'Questions whose verdicts were exported for training: no later campaign asks them.';
COMMENT ON COLUMN used_item.question_sha256 IS 'As in pair.question_sha256.';
COMMENT ON COLUMN used_item.question IS 'Its text, to find near-duplicates.';
COMMENT ON COLUMN used_item.campaign_id IS 'Where it was judged.';
COMMENT ON COLUMN used_item.item IS 'As which pair.';
COMMENT ON COLUMN used_item.exported IS 'When.';
COMMENT ON COLUMN used_item.exported_by IS 'By whom, as in audit.actor.';

CREATE TABLE audit (
    seq BIGINT NOT NULL,
    created TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    payload VARCHAR NOT NULL,
    payload_sha256 VARCHAR NOT NULL,
    previous VARCHAR NOT NULL,
    hash VARCHAR NOT NULL
);
COMMENT ON TABLE audit IS 'Who did what: a chain, in which each row holds the hash of the one before.';
COMMENT ON COLUMN audit.seq IS 'Place in the chain, from 1, without gaps.';
COMMENT ON COLUMN audit.created IS 'When.';
COMMENT ON COLUMN audit.actor IS 'user:NUMBER, command:NAME of the account, or rules for what the program does by itself. Names of people are in user alone.';
COMMENT ON COLUMN audit.role IS 'Role by which it was allowed.';
COMMENT ON COLUMN audit.action IS 'What was done.';
COMMENT ON COLUMN audit.object IS 'To what: campaign:NUMBER, pair:CAMPAIGN/ITEM, user:NUMBER, …';
COMMENT ON COLUMN audit.payload IS 'Particulars, as canonical JSON (RFC 8785).';
COMMENT ON COLUMN audit.payload_sha256 IS 'SHA-256 of payload.';
COMMENT ON COLUMN audit.previous IS 'hash of the row before; empty for the first.';
COMMENT ON COLUMN audit.hash IS 'SHA-256 of previous and the canonical JSON of seq, created, actor, role, action, object and payload_sha256.';

CREATE TABLE proposal (
    id INTEGER NOT NULL,
    run_id INTEGER,
    candidate VARCHAR NOT NULL,
    branch INTEGER NOT NULL,
    step BIGINT NOT NULL,
    checkpoint VARCHAR NOT NULL,
    checkpoint_sha256 VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    merged BOOLEAN NOT NULL,
    digests JSON NOT NULL,
    answers JSON NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    data JSON NOT NULL
);
COMMENT ON TABLE proposal IS 'Folders that were built to be released, each from one checkpoint.';
COMMENT ON COLUMN proposal.id IS 'Number in this store.';
COMMENT ON COLUMN proposal.run_id IS 'Run of the checkpoint; null where it was removed.';
COMMENT ON COLUMN proposal.candidate IS 'RUN@STEP.';
COMMENT ON COLUMN proposal.branch IS 'Branch of the run.';
COMMENT ON COLUMN proposal.step IS 'Step after which the checkpoint was written.';
COMMENT ON COLUMN proposal.checkpoint IS 'Folder of the checkpoint, relative to the store''s root.';
COMMENT ON COLUMN proposal.checkpoint_sha256 IS 'Digest of the checkpoint, as in checkpoint.sha256.';
COMMENT ON COLUMN proposal.path IS 'The folder that was built, relative to the store''s root.';
COMMENT ON COLUMN proposal.sha256 IS 'Digest of its manifest, which holds the digest of every file: what is released.';
COMMENT ON COLUMN proposal.merged IS 'Whether the adapter was taken into the weights of its base.';
COMMENT ON COLUMN proposal.digests IS 'SHA-256 of base, tokenizer, adapter, weights, data, chat template and generation config; null for what there is none of.';
COMMENT ON COLUMN proposal.answers IS 'Campaigns whose answers the folder gave again: campaign, n, differing, first items that differ.';
COMMENT ON COLUMN proposal.created IS 'When it was built.';
COMMENT ON COLUMN proposal.created_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN proposal.data IS 'Base, versions, seed, owner of the run.';

CREATE TABLE decision (
    id INTEGER NOT NULL,
    proposal_id INTEGER NOT NULL,
    environment VARCHAR NOT NULL,
    policy_sha256 VARCHAR NOT NULL,
    evidence_sha256 VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    decision VARCHAR NOT NULL,
    checks JSON NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
COMMENT ON TABLE decision IS 'What the gate said of evidence that somebody approved, refused or released on.';
COMMENT ON COLUMN decision.id IS 'Number in this store.';
COMMENT ON COLUMN decision.proposal_id IS 'What was decided about.';
COMMENT ON COLUMN decision.environment IS 'Where it was to be released.';
COMMENT ON COLUMN decision.policy_sha256 IS 'By which policy.';
COMMENT ON COLUMN decision.evidence_sha256 IS 'SHA-256 of evidence; unique with proposal and environment.';
COMMENT ON COLUMN decision.evidence IS 'All that it was decided on, as canonical JSON (RFC 8785).';
COMMENT ON COLUMN decision.decision IS 'pass, fail or inconclusive.';
COMMENT ON COLUMN decision.checks IS 'The checks: name, value, limit, result, says.';
COMMENT ON COLUMN decision.created IS 'When it was first looked at so.';
COMMENT ON COLUMN decision.created_by IS 'By whom, as in audit.actor.';

CREATE TABLE approval (
    id INTEGER NOT NULL,
    proposal_id INTEGER NOT NULL,
    decision_id INTEGER NOT NULL,
    environment VARCHAR NOT NULL,
    evidence_sha256 VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    user_id INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    way VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    key_id VARCHAR NOT NULL,
    envelope VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
COMMENT ON TABLE approval IS 'What leads signed; rows are only ever appended.';
COMMENT ON COLUMN approval.id IS 'Number in this store.';
COMMENT ON COLUMN approval.proposal_id IS 'What it is about.';
COMMENT ON COLUMN approval.decision_id IS 'The decision that was looked at.';
COMMENT ON COLUMN approval.environment IS 'Where it may be released.';
COMMENT ON COLUMN approval.evidence_sha256 IS 'The evidence that was signed; of any other it says nothing.';
COMMENT ON COLUMN approval.kind IS 'approve, refuse, or override where the gate does not pass.';
COMMENT ON COLUMN approval.user_id IS 'Who.';
COMMENT ON COLUMN approval.role IS 'Role by which it was allowed.';
COMMENT ON COLUMN approval.way IS 'How the person came in: local, oidc, or key for a key of one''s own.';
COMMENT ON COLUMN approval.reason IS 'Why, in the person''s words; may be empty for approve.';
COMMENT ON COLUMN approval.key_id IS 'Key that signed it: the server''s, or the person''s own.';
COMMENT ON COLUMN approval.envelope IS 'The signed statement (in-toto Statement in a DSSE envelope, JSON).';
COMMENT ON COLUMN approval.created IS 'When.';

CREATE TABLE release (
    id INTEGER NOT NULL,
    environment VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    proposal_id INTEGER NOT NULL,
    decision_id INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    override BOOLEAN NOT NULL,
    reason VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    bundle VARCHAR NOT NULL,
    envelope VARCHAR NOT NULL,
    statement VARCHAR NOT NULL
);
COMMENT ON TABLE release IS 'What was live where: the newest row of an environment is what is live; rows are only ever appended.';
COMMENT ON COLUMN release.id IS 'Number in this store.';
COMMENT ON COLUMN release.environment IS 'Where, such as prod.';
COMMENT ON COLUMN release.kind IS 'release, or restore where an earlier one was put back.';
COMMENT ON COLUMN release.version IS 'Number that people call it by (v3), from 1 in each environment; a restore has that of what it puts back.';
COMMENT ON COLUMN release.proposal_id IS 'What.';
COMMENT ON COLUMN release.decision_id IS 'On which decision.';
COMMENT ON COLUMN release.sha256 IS 'Digest of the folder, as in proposal.sha256.';
COMMENT ON COLUMN release.override IS 'Whether the gate did not pass, and leads released it all the same; for ever.';
COMMENT ON COLUMN release.reason IS 'Why; wanted for a restore.';
COMMENT ON COLUMN release.created IS 'Since when.';
COMMENT ON COLUMN release.created_by IS 'By whom, as in audit.actor.';
COMMENT ON COLUMN release.role IS 'Role by which it was allowed.';
COMMENT ON COLUMN release.bundle IS 'bundle.json, as it was written.';
COMMENT ON COLUMN release.envelope IS 'bundle.intoto.json, as it was written: the server''s signature over the bundle.';
COMMENT ON COLUMN release.statement IS 'restore.intoto.json, as it was written: the server''s signature over a restore; empty for a release.';

CREATE TABLE confirmation (
    environment VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    host VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL
);
COMMENT ON TABLE confirmation IS 'What servers said they run; rows are only ever appended.';
COMMENT ON COLUMN confirmation.environment IS 'Where.';
COMMENT ON COLUMN confirmation.sha256 IS 'Digest of the folder that was loaded.';
COMMENT ON COLUMN confirmation.host IS 'Name of the server.';
COMMENT ON COLUMN confirmation.created IS 'When it said so.';
COMMENT ON COLUMN confirmation.created_by IS 'By whom, as in audit.actor.';

CREATE TABLE signing_key (
    key_id VARCHAR NOT NULL,
    user_id INTEGER,
    public_key VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    created_by VARCHAR NOT NULL,
    retired TIMESTAMP
);
COMMENT ON TABLE signing_key IS 'Public keys whose signatures this store takes; nobody else trusts them for being here.';
COMMENT ON COLUMN signing_key.key_id IS 'SHA-256 of the public key''s 32 bytes; unique.';
COMMENT ON COLUMN signing_key.user_id IS 'Whose; null for the server''s own.';
COMMENT ON COLUMN signing_key.public_key IS 'The public key (Ed25519, PEM).';
COMMENT ON COLUMN signing_key.created IS 'Since when it counts.';
COMMENT ON COLUMN signing_key.created_by IS 'Who registered it, as in audit.actor.';
COMMENT ON COLUMN signing_key.retired IS 'Since when it counts no longer.';

CREATE TABLE audit_head (
    seq BIGINT NOT NULL,
    hash VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    key_id VARCHAR NOT NULL,
    signature VARCHAR NOT NULL
);
COMMENT ON TABLE audit_head IS 'Ends of the audit log that the server signed: what is cut off or written anew no longer fits them.';
COMMENT ON COLUMN audit_head.seq IS 'audit.seq of the row that was last then.';
COMMENT ON COLUMN audit_head.hash IS 'Its hash.';
COMMENT ON COLUMN audit_head.created IS 'When it was signed.';
COMMENT ON COLUMN audit_head.key_id IS 'The server''s key.';
COMMENT ON COLUMN audit_head.signature IS 'Ed25519 over the canonical JSON of seq, hash and created, base64.';
