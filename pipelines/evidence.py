"""Step 7: what an answer may stand on, the passages of the knowledge base and the files of the conversation.

Searches and compares; does not know the prompt or the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.documents import Chunk
from core.messages import BusinessLine, Passage, Question, Retrieval
from core.ports import AttachmentStore, Retriever
from pipelines.bases import searched
from pipelines.conceal import searchable
from pipelines.sentences import summary_subject

PASSAGES = 5
FILE_PASSAGES = 12
"""More than of the knowledge base: of a long file, only these and nothing else of it reach the model."""
NOTHING = Retrieval((), answerable=False, threshold=1.0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """`files` are all chunks of the conversation's files, by file and position; `found` the best of them.

    `summary`: something is to be summed up, which takes a reader and not a passage.
    """

    known: Retrieval
    files: Sequence[Chunk] = ()
    found: Retrieval | None = None
    summary: bool = False

    @classmethod
    def nothing(cls) -> "Evidence":
        """Where nothing was searched."""
        return cls(NOTHING)

    @property
    def file_answers(self) -> bool:
        """Whether a passage of a file reaches the threshold."""
        return self.found is not None and self.found.answerable

    @property
    def answerable(self) -> bool:
        return self.known.answerable or self.file_answers

    @property
    def passages(self) -> Sequence[Passage]:
        """Everything found, best first; of two as good, the customer's own file stands first."""
        if self.found is None:
            return self.known.passages
        return sorted([*self.found.passages, *self.known.passages], key=lambda passage: -passage.score)

    @property
    def beyond_passages(self) -> bool:
        """Whether only a reader of the whole file could answer."""
        return self.summary and not self.answerable

    def stood_on(self, *, read_files: bool) -> Sequence[Passage]:
        """What a model's answer shows as its sources.

        Passages of the sides that know, best first; where neither does, the files themselves, if the model read
        their text and not single passages (`read_files`).
        """
        enough = [*self.known.passages] if self.known.answerable else []
        if self.found is not None:
            enough = [p for p in self.found.passages if p.score >= self.found.threshold] + enough
        shown: Sequence[Passage] = sorted(enough, key=lambda passage: -passage.score)
        if read_files and not shown:
            shown = openings(self.files, placed=False)
        return shown[:PASSAGES]


async def search(
    retriever: Retriever,
    attachments: AttachmentStore,
    question: Question,
    line: BusinessLine,
    conversation_id: str,
    language: str,
) -> Evidence:
    """What the line's knowledge and the conversation's files hold on the question."""
    bases = searched(line)
    files: Sequence[Chunk] = ()
    if question.conversation_id is not None:  # one that has just begun can hold no file
        files = await attachments.chunks(conversation_id, question.owner)
    text = searchable(question.text)
    subject = summary_subject(text, language) if files else None
    if subject == "":  # a search for "this file" would find what files in general are about
        return Evidence(NOTHING, files, summary=True)
    wanted = subject or text
    known = await retriever.retrieve(bases, wanted, PASSAGES)
    found = await retriever.among(files, wanted, FILE_PASSAGES) if files else None
    return Evidence(known, files, found, summary=subject is not None)


def openings(files: Sequence[Chunk], *, placed: bool = True) -> Sequence[Passage]:
    """The first passage of each file, newest file first; without its place it stands for the file as a whole."""
    firsts = {chunk.document_id: chunk for chunk in reversed(files)}
    passages = [_passage(chunk) for chunk in firsts.values()]
    return passages if placed else [replace(passage, location="", page=None) for passage in passages]


def _passage(chunk: Chunk) -> Passage:
    """A chunk that no search has found, hence without a score."""
    return Passage(
        id=chunk.id,
        base=chunk.base,
        document_id=chunk.document_id,
        document=chunk.document,
        title=chunk.title,
        location=chunk.location,
        text=chunk.text,
        score=0.0,
        kind=chunk.kind,
        question=chunk.match[0] if chunk.match else None,
        language=chunk.language,
        page=chunk.page,
    )
